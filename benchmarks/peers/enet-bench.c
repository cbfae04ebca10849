/* ENet in its own language: a client and a server host in one thread, over loopback. Started by enet.ts.
 *
 *   enet-bench <reliable|sequenced|unsequenced> <bytes> <count> <deadline ms> <messages under way>
 *
 * Prints one line of JSON, or an "error" in it. Each message carries its number at the start and its complement at the end, which the
 * receiver checks, with the order where delivery is reliable or sequenced. A sequenced message larger than the MTU goes in unreliable fragments.
 */
#include <enet/enet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* Returns what is wrong with a message, or NULL. Its number is at least `least`, and at most `most`. */
static const char *check_message(const ENetPacket *packet, size_t bytes, uint32_t least, uint32_t most, uint32_t *found)
{
    uint32_t number, complement;
    if (packet->dataLength != bytes) return "a message arrived with another length";
    memcpy(&number, packet->data, 4);
    memcpy(&complement, packet->data + bytes - 4, 4);
    if (complement != ~number) return "a message arrived changed";
    if (number < least || number > most) return "a message arrived out of order";
    *found = number;
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
    int is_reliable, is_sequenced;
    size_t bytes;
    uint32_t count, window, sent = 0, received = 0, lost = 0, number = 0;
    double deadline_seconds, start, last_arrival;
    enet_uint32 flags;
    ENetAddress address;
    ENetHost *server, *client;
    ENetPeer *peer;
    uint8_t *body;

    if (argc != 6) return fail("usage: enet-bench <reliable|sequenced|unsequenced> <bytes> <count> <deadline ms> <messages under way>");
    is_reliable = strcmp(argv[1], "reliable") == 0;
    is_sequenced = strcmp(argv[1], "sequenced") == 0;
    bytes = (size_t)strtoul(argv[2], NULL, 10);
    count = (uint32_t)strtoul(argv[3], NULL, 10);
    deadline_seconds = strtod(argv[4], NULL) / 1000;
    if (bytes < 8) return fail("bytes expected 8 or more");
    flags = is_reliable ? ENET_PACKET_FLAG_RELIABLE : is_sequenced ? ENET_PACKET_FLAG_UNRELIABLE_FRAGMENT : ENET_PACKET_FLAG_UNSEQUENCED;
    window = (uint32_t)strtoul(argv[5], NULL, 10);
    if (window < 1) return fail("messages under way expected 1 or more");

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
                uint32_t least = is_reliable ? received : is_sequenced && received > 0 ? number + 1 : 0;
                const char *problem = check_message(event.packet, bytes, least, is_reliable ? received : count - 1, &number);
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
