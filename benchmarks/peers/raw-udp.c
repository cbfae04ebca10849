/* A loop of recvfrom and sendto with nothing on it: the floor of a server that makes a system call for each datagram. Started by scenarios/players.ts.
 *
 *   raw-udp <clients> <bytes in> <bytes out> <seconds>
 *
 * Each client, a connected socket, sends a datagram; the server takes them all and answers each. Only the server's part is timed, in CPU time of this thread.
 * Prints one line of JSON: CPU seconds, and the packets in and out that took them.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Clients that send before the server's turn. */
#define BATCH 64
#define SOCKET_BUFFER_BYTES (4 * 1024 * 1024)

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int fail(const char *message)
{
    printf("{\"error\":\"%s\"}\n", message);
    return 1;
}

static int open_socket(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = 0 };
    int bytes = SOCKET_BUFFER_BYTES, handle = socket(AF_INET, SOCK_DGRAM, 0);
    if (handle < 0) return -1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    return bind(handle, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : handle;
}

int main(int argc, char **argv)
{
    static uint8_t buffer[2048];
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    if (argc != 5) return fail("usage: raw-udp <clients> <bytes in> <bytes out> <seconds>");
    size_t clients = strtoul(argv[1], NULL, 10), in_bytes = strtoul(argv[2], NULL, 10), out_bytes = strtoul(argv[3], NULL, 10);
    double end = seconds_of(CLOCK_MONOTONIC) + strtod(argv[4], NULL), cpu = 0;
    unsigned long packets = 0;
    int server = open_socket(), *sockets = calloc(clients, sizeof(int));
    if (server < 0 || sockets == NULL || in_bytes > sizeof(buffer) || out_bytes > sizeof(buffer)) return fail("the server did not open");
    getsockname(server, (struct sockaddr *)&address, &length);
    for (size_t i = 0; i < clients; i++) {
        sockets[i] = open_socket();
        if (sockets[i] < 0 || connect(sockets[i], (struct sockaddr *)&address, sizeof(address)) < 0) return fail("a client did not open");
    }
    for (size_t first = 0; seconds_of(CLOCK_MONOTONIC) < end; first = first + BATCH < clients ? first + BATCH : 0) {
        size_t last = first + BATCH < clients ? first + BATCH : clients;
        for (size_t i = first; i < last; i++) {
            if (send(sockets[i], buffer, in_bytes, 0) < 0) return fail("send failed");
        }
        double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        for (;;) {
            struct sockaddr_in from;
            socklen_t from_length = sizeof(from);
            if (recvfrom(server, buffer, sizeof(buffer), MSG_DONTWAIT, (struct sockaddr *)&from, &from_length) < 0) break;
            if (sendto(server, buffer, out_bytes, 0, (struct sockaddr *)&from, from_length) < 0) return fail("sendto failed");
            packets += 2;
        }
        cpu += seconds_of(CLOCK_THREAD_CPUTIME_ID) - before;
        for (size_t i = first; i < last; i++) recv(sockets[i], buffer, sizeof(buffer), MSG_DONTWAIT);
    }
    printf("{\"cpuSeconds\":%.6f,\"packets\":%lu}\n", cpu, packets);
    return 0;
}
