/* Many players on ENet: the server, or all clients, in a process of their own. Started by scenarios/players.ts.
 *
 *   enet-players server <clients> <updates a second>
 *   enet-players clients <port> <clients> <messages a second of each>
 *
 * The server prints its port, answers each message of 32 bytes with one of 64, both unreliable, and takes lines: "begin" starts to measure, "end" prints
 * what was measured as a line of JSON. The clients, each a host with a socket of its own, print "ready" when all are connected, and send in turns.
 * Either ends with its standard input.
 */
#include <enet/enet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define IN_BYTES 32
#define OUT_BYTES 64
#define TURNS_HZ 240
#define MAX_UPDATES 1000000
#define CONNECT_SECONDS 60
#define CONNECTING_AT_ONCE 256
#define SOCKET_BUFFER_BYTES (4 * 1024 * 1024)

static double updates[MAX_UPDATES];
static size_t update_count = 0;

static double now_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int fail(const char *message)
{
    printf("{\"error\":\"%s\"}\n", message);
    fflush(stdout);
    return 1;
}

/* Sleeps until the next step of a loop that does not drift; what is further behind than five steps is left out. */
static void sleep_until(double *next, double step)
{
    double left = *next - now_seconds();
    if (left > 0) {
        struct timespec time = { (time_t)left, (long)((left - (double)(time_t)left) * 1e9) };
        nanosleep(&time, NULL);
    } else if (left < -5 * step) {
        *next = now_seconds();
    }
    *next += step;
}

/* Reads a line of standard input where there is one. Returns 0 at its end. */
static int read_line(char *line, int bytes)
{
    struct pollfd input = { 0, POLLIN, 0 };
    line[0] = 0;
    if (poll(&input, 1, 0) <= 0) return 1;
    return fgets(line, bytes, stdin) != NULL;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double percentile_ms(double share)
{
    size_t index = (size_t)((double)update_count * share);
    if (update_count == 0) return 0;
    return updates[index < update_count ? index : update_count - 1] * 1000;
}

static void print_figures(ENetHost *host, double start, double cpu)
{
    double seconds = now_seconds() - start, cpu_used = cpu_seconds() - cpu;
    qsort(updates, update_count, sizeof(double), compare);
    printf("{\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"packets\":%u,\"updateP50\":%.4f,\"updateP99\":%.4f,\"updateP999\":%.4f,\"peers\":%u}\n",
           seconds, cpu_used, host->totalReceivedPackets + host->totalSentPackets, percentile_ms(0.5), percentile_ms(0.99), percentile_ms(0.999),
           (unsigned)host->connectedPeers);
    fflush(stdout);
}

static void update_server(ENetHost *host)
{
    static uint8_t body[OUT_BYTES];
    ENetEvent event;
    while (enet_host_service(host, &event, 0) > 0) {
        if (event.type != ENET_EVENT_TYPE_RECEIVE) continue;
        ENetPacket *reply = enet_packet_create(body, OUT_BYTES, 0);
        if (enet_peer_send(event.peer, 0, reply) < 0) enet_packet_destroy(reply);
        enet_packet_destroy(event.packet);
    }
    enet_host_flush(host);
}

static int run_server(size_t clients, double hz)
{
    ENetAddress address;
    ENetHost *host;
    char line[64];
    double next = now_seconds(), start = next, cpu = cpu_seconds();
    enet_address_set_host_ip(&address, "127.0.0.1");
    address.port = 0;
    host = enet_host_create(&address, clients, 1, 0, 0);
    if (host == NULL) return fail("enet_host_create failed");
    enet_socket_set_option(host->socket, ENET_SOCKOPT_RCVBUF, SOCKET_BUFFER_BYTES);
    enet_socket_set_option(host->socket, ENET_SOCKOPT_SNDBUF, SOCKET_BUFFER_BYTES);
    enet_socket_get_address(host->socket, &address);
    printf("%u\n", address.port);
    fflush(stdout);
    while (read_line(line, sizeof(line))) {
        if (strncmp(line, "begin", 5) == 0) {
            start = now_seconds();
            cpu = cpu_seconds();
            update_count = host->totalReceivedPackets = host->totalSentPackets = 0;
        } else if (strncmp(line, "end", 3) == 0) {
            print_figures(host, start, cpu);
        }
        double before = now_seconds();
        update_server(host);
        if (update_count < MAX_UPDATES) updates[update_count++] = now_seconds() - before;
        sleep_until(&next, 1 / hz);
    }
    return 0;
}

/* Takes what has come; returns 1 where that was the connection. */
static int service_client(ENetHost *host)
{
    ENetEvent event;
    int is_connected = 0;
    while (enet_host_service(host, &event, 0) > 0) {
        if (event.type == ENET_EVENT_TYPE_CONNECT) is_connected = 1;
        if (event.type == ENET_EVENT_TYPE_RECEIVE) enet_packet_destroy(event.packet);
    }
    return is_connected;
}

static int connect_clients(ENetHost **hosts, size_t count, const ENetAddress *address)
{
    size_t begun = 0, connected = 0;
    double deadline = now_seconds() + CONNECT_SECONDS;
    while (connected < count && now_seconds() < deadline) {
        for (; begun < count && begun < connected + CONNECTING_AT_ONCE; begun++) {
            hosts[begun] = enet_host_create(NULL, 1, 1, 0, 0);
            if (hosts[begun] == NULL || enet_host_connect(hosts[begun], address, 1, 0) == NULL) return 0;
        }
        for (size_t i = 0; i < begun; i++) connected += (size_t)service_client(hosts[i]);
    }
    return connected == count;
}

static int run_clients(unsigned port, size_t count, double hz)
{
    static uint8_t body[IN_BYTES];
    ENetAddress address;
    ENetHost **hosts = calloc(count, sizeof(ENetHost *));
    size_t turns = (size_t)(TURNS_HZ / hz + 0.5), turn = 0;
    char line[64];
    double next = now_seconds();
    enet_address_set_host_ip(&address, "127.0.0.1");
    address.port = (enet_uint16)port;
    if (hosts == NULL || !connect_clients(hosts, count, &address)) return fail("not all clients connected");
    printf("ready\n");
    fflush(stdout);
    while (read_line(line, sizeof(line))) {
        for (size_t i = turn; i < count; i += turns) {
            ENetPacket *packet = enet_packet_create(body, IN_BYTES, 0);
            if (enet_peer_send(&hosts[i]->peers[0], 0, packet) < 0) enet_packet_destroy(packet);
            service_client(hosts[i]);
        }
        turn = (turn + 1) % turns;
        sleep_until(&next, 1.0 / TURNS_HZ);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (enet_initialize() != 0) return fail("enet_initialize failed");
    if (argc == 4 && strcmp(argv[1], "server") == 0) return run_server(strtoul(argv[2], NULL, 10), strtod(argv[3], NULL));
    if (argc == 5 && strcmp(argv[1], "clients") == 0)
        return run_clients((unsigned)strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), strtod(argv[4], NULL));
    return fail("usage: enet-players server <clients> <updates a second> | clients <port> <clients> <messages a second of each>");
}
