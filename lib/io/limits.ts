// The bounds of the transports, with unit and reason. Those of the protocol are in lib/wire/limits.ts, which this layer cannot see;
// what an endpoint can choose comes with TransportOptions.

/** Bytes of the buffer for a datagram to send: the IPv6 minimum MTU. No datagram of this library is larger. */
export const SEND_BUFFER_BYTES = 1280

/** Sends that node may hold while the system's send buffer is full (EAGAIN): 256 × 1280 B = 320 KiB. More of them would only come late. */
export const MAX_QUEUED_SENDS = 256

/** IPv4 hosts of a dual-stack socket whose v4-mapped form is remembered, in each direction; about as many as peers are likely. Above it a table starts anew. */
export const MAX_MAPPED_HOSTS = 4096

/** Bytes below which a socket buffer is not asked for: the default of systems is larger. */
export const MIN_SOCKET_BUFFER_BYTES = 65_536

/** Datagrams under way in a conditioner, both directions together: 256 MB/s of full ones at 300 ms. Above it they are lost. */
export const MAX_CONDITIONED_DATAGRAMS = 65_536

// ── The batched transport ──

/** Bytes of a segment: what UDP_SEGMENT cuts into, so that of all datagrams the full ones (MTU in lib/wire/limits.ts) can share an entry. */
export const SEGMENT_BYTES = 1200

/** Segments of one entry: 54 × 1200 B = 64,800 B, and a UDP payload has at most 65,507. The kernel takes 64. */
export const MAX_SEGMENTS = 54

/** Slots for datagrams to send, of a thread: 108 × 1200 B = 130 kB, two full entries, and little enough for a processor's second cache. */
export const SEND_SLOTS = 108

/** Datagrams of one socket that may wait while the system's send buffer is full (EAGAIN): 256 × 1200 B = 307 kB, as with node:dgram. */
export const MAX_WAITING_SENDS = 256

/** Entries that one recvmmsg takes: a system call is 0.3–1.3 µs, so that its share is below 20 ns. */
export const RECEIVE_ENTRIES = 64

/** Bytes of a received entry: as many as UDP_GRO joins. 64 × 64 KiB = 4 MiB a thread, of which the system gives what is touched. */
export const RECEIVE_ENTRY_BYTES = 65_536

/** Sockets that are watched at once while a promise waits, a thread. More of them are looked at by timers alone. */
export const MAX_WATCHED_SOCKETS = 1024

/** How long one look for readable sockets may last, in ms: a thread of libuv's pool waits meanwhile, and what is watched later waits for it. */
export const WATCH_MS = 10
