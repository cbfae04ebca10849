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
