/* ENet in its own language: a client and a server host in one thread, over loopback. Started by enet.ts.
 *
 *   enet-bench <reliable|unreliable> <bytes> <count> <deadline ms>
 *
 * Prints one line of JSON, or an "error" in it. Each message carries its number at the start and its complement at the end, which the
 * receiver checks, with the order where delivery is reliable. An unreliable message larger than the MTU goes in unreliable fragments.
 */
#include <enet/enet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Bytes and messages under way. ENet sends at most 64 KiB of unacknowledged reliable data; twice that keeps its queue from running dry. */
#define WINDOW_BYTES (128 * 1024)
#define MAX_WINDOW_MESSAGES 2048
#define MIN_WINDOW_MESSAGES 8
/* With nothing arriving for this long, unreliable messages that are still missing are lost. */
#define LOST_AFTER_SECONDS 0.05
#define SOCKET_BUFFER_BYTES (4 * 1024 * 1024)

static double now_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int fail(const char *message)
{
    printf("{\"error\":\"%s\"}\n", message);
    return 1;
}

static void send_message(ENetPeer *peer, uint8_t *body, size_t bytes, uint32_t number, enet_uint32 flags)
{
    uint32_t complement = ~number;
    ENetPacket *packet;
    memcpy(body, &number, 4);
    memcpy(body + bytes - 4, &complement, 4);
    packet = enet_packet_create(body, bytes, flags);
    if (enet_peer_send(peer, 0, packet) < 0) enet_packet_destroy(packet);
}

/* Returns what is wrong with a message, or NULL. */
static const char *check_message(const ENetPacket *packet, size_t bytes, uint32_t count, int is_reliable, uint32_t expected)
{
    uint32_t number, complement;
    if (packet->dataLength != bytes) return "a message arrived with another length";
    memcpy(&number, packet->data, 4);
    memcpy(&complement, packet->data + bytes - 4, 4);
    if (complement != ~number || number >= count) return "a message arrived changed";
    if (is_reliable && number != expected) return "a message arrived out of order";
    return NULL;
}

/* Both hosts in turn until the client is connected. */
static int connect_hosts(ENetHost *server, ENetHost *client)
{
    ENetEvent event;
    double deadline = now_seconds() + 5;
    while (now_seconds() < deadline) {
        while (enet_host_service(server, &event, 0) > 0) { }
        if (enet_host_service(client, &event, 0) > 0 && event.type == ENET_EVENT_TYPE_CONNECT) return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int is_reliable;
    size_t bytes;
    uint32_t count, window, sent = 0, received = 0, lost = 0;
    double deadline_seconds, start, last_arrival;
    enet_uint32 flags;
    ENetAddress address;
    ENetHost *server, *client;
    ENetPeer *peer;
    uint8_t *body;

    if (argc != 5) return fail("usage: enet-bench <reliable|unreliable> <bytes> <count> <deadline ms>");
    is_reliable = strcmp(argv[1], "reliable") == 0;
    bytes = (size_t)strtoul(argv[2], NULL, 10);
    count = (uint32_t)strtoul(argv[3], NULL, 10);
    deadline_seconds = strtod(argv[4], NULL) / 1000;
    if (bytes < 8) return fail("bytes expected 8 or more");
    flags = is_reliable ? ENET_PACKET_FLAG_RELIABLE : ENET_PACKET_FLAG_UNRELIABLE_FRAGMENT;
    window = (uint32_t)(WINDOW_BYTES / bytes);
    if (window > MAX_WINDOW_MESSAGES) window = MAX_WINDOW_MESSAGES;
    if (window < MIN_WINDOW_MESSAGES) window = MIN_WINDOW_MESSAGES;

    if (enet_initialize() != 0) return fail("enet_initialize failed");
    enet_address_set_host_ip(&address, "127.0.0.1");
    address.port = 0;
    server = enet_host_create(&address, 1, 1, 0, 0);
    client = enet_host_create(NULL, 1, 1, 0, 0);
    if (server == NULL || client == NULL) return fail("enet_host_create failed");
    enet_socket_set_option(server->socket, ENET_SOCKOPT_RCVBUF, SOCKET_BUFFER_BYTES);
    enet_socket_set_option(client->socket, ENET_SOCKOPT_RCVBUF, SOCKET_BUFFER_BYTES);
    enet_socket_get_address(server->socket, &address);
    enet_address_set_host_ip(&address, "127.0.0.1");
    peer = enet_host_connect(client, &address, 1, 0);
    if (peer == NULL || !connect_hosts(server, client)) return fail("the client did not connect");
    /* Never throw unreliable messages away at the sender: a deceleration of 0 keeps the throttle open. */
    enet_peer_throttle_configure(peer, ENET_PEER_PACKET_THROTTLE_INTERVAL, ENET_PEER_PACKET_THROTTLE_SCALE, 0);
    client->totalSentData = client->totalSentPackets = server->totalSentData = server->totalSentPackets = 0;

    body = malloc(bytes);
    if (body == NULL) return fail("out of memory");
    start = last_arrival = now_seconds();
    while (received + lost < count) {
        ENetEvent event;
        uint32_t received_before = received;
        double now;
        while (sent < count && sent - received - lost < window) {
            memset(body, (int)(sent * 37 + 11), bytes);
            send_message(peer, body, bytes, sent++, flags);
        }
        enet_host_flush(client);
        while (enet_host_service(server, &event, 0) > 0) {
            if (event.type == ENET_EVENT_TYPE_DISCONNECT) return fail("disconnected");
            if (event.type == ENET_EVENT_TYPE_RECEIVE) {
                const char *problem = check_message(event.packet, bytes, count, is_reliable, received);
                if (problem != NULL) return fail(problem);
                enet_packet_destroy(event.packet);
                received++;
            }
        }
        while (enet_host_service(client, &event, 0) > 0) {
            if (event.type == ENET_EVENT_TYPE_DISCONNECT) return fail("disconnected");
        }
        now = now_seconds();
        if (received > received_before) last_arrival = now;
        else if (!is_reliable && now - last_arrival > LOST_AFTER_SECONDS) lost = sent - received;
        if (now - start > deadline_seconds) break;
    }

    printf("{\"sent\":%u,\"received\":%u,\"seconds\":%.6f,\"bytesOnWire\":%llu,\"datagrams\":%u}\n", sent, received, last_arrival - start,
           (unsigned long long)client->totalSentData + server->totalSentData, client->totalSentPackets + server->totalSentPackets);
    return 0;
}
