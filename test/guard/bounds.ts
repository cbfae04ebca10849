// What tickwire may cost, where that does not depend on the machine: the only place where these bounds stand. The comment behind each is what was measured when it was set.
// A change that exceeds one makes tickwire dearer: find out why before you raise it. One that stays far below may lower it.

/** UDP payload and datagrams for each message, both directions, sealed (benchmarks/wire-cost.ts). Alone: one an update at 60 Hz. In runs: 500 at once. */
export const WIRE = {
  unreliable: {
    8: { bytesAlone: 45, datagramsAlone: 1.5, bytesInRuns: 11.5, datagramsInRuns: 0.02 }, // 40.9, 1.36, 10.3, 0.012
    32: { bytesAlone: 70, datagramsAlone: 1.5, bytesInRuns: 37, datagramsInRuns: 0.045 }, // 64.9, 1.36, 34.7, 0.034
    1200: { bytesAlone: 1300, datagramsAlone: 2.6, bytesInRuns: 1260, datagramsInRuns: 1.12 }, // 1266.9, 2.36, 1239.8, 1.068
  },
  ordered: {
    8: { bytesAlone: 58, datagramsAlone: 1.5, bytesInRuns: 11.5, datagramsInRuns: 0.02 }, // 52.7, 1.36, 10.3, 0.012
    32: { bytesAlone: 110, datagramsAlone: 1.5, bytesInRuns: 37, datagramsInRuns: 0.045 }, // 100.1, 1.36, 34.8, 0.034
    1200: { bytesAlone: 1300, datagramsAlone: 2.6, bytesInRuns: 1260, datagramsInRuns: 1.12 }, // 1268.9, 2.36, 1241.9, 1.070
  },
} as const

/** Without loss: bytes on the wire for each byte of bulk, so that a resend shows, and the share of packets that is taken for lost. */
export const NO_LOSS = {
  steady: { wirePerByte: 1.045, packetLoss: 0 }, // 1.027, 0
  jittery: { wirePerByte: 1.045, packetLoss: 0 }, // 1.027, 0
} as const

/** KCP's scenario (benchmarks/echo.ts), 400 messages, loops at 100 Hz, seeds 1 and 2 together: milliseconds of an ordered echo, and UDP payload for each message in one direction. */
export const ECHO = {
  0: { mean: 110, p99: 145, max: 160, bytes: 63 }, // 101.1, 130, 130, 57.6
  0.05: { mean: 112, p99: 180, max: 300, bytes: 63 }, // 103.7, 150, 250, 57.9
  0.2: { mean: 130, p99: 280, max: 330, bytes: 80 }, // 117.7, 230, 270, 72.7
} as const

/** Bytes that receiving allocates, with an array for a network (benchmarks/processes/allocations.ts): for a message beyond its decoded object, and for a packet, by what opens it: sodium-native takes views, and node:crypto makes objects. */
export const ALLOCATIONS = {
  perMessage: 8, // 0.1
  perPacket: { openssl: 450, 'sodium-native': 650, 'node:crypto': 1300 }, // 335, 575, 1007
} as const
