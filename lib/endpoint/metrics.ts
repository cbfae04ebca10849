// What an endpoint or a peer says of itself. One snapshot function, and a live getter for each of its members.

/** A snapshot. Times in ms; bytes as UDP payload; messages are the game's, each counted once. */
export interface Metrics {
  /** One of NetworkEndpoint's states. */
  readonly state: number
  /** Smoothed round-trip time, without the time that the peer's loop held its ack back. 0 before the first sample. On a server: the mean of its peers. */
  readonly latency: number
  /** Mean deviation of the round-trip time (RFC 9002 `rttvar`). */
  readonly jitter: number
  /** Share of this side's packets that were lost in the last 5 s, 0–1. */
  readonly packetLoss: number
  /** Bytes that wait to be sent or acknowledged. */
  readonly outBufferBytes: number
  /** Reliable messages not yet acknowledged. */
  readonly pendingAcks: number
  /** Messages that arrived and wait for an earlier one. */
  readonly reorderQueue: number
  /** Bytes received since the connection began; on a server since it was made. */
  readonly inBytes: number
  /** Bytes sent, with resends, acks and keep-alives. */
  readonly outBytes: number
  /** Datagrams received. */
  readonly inPackets: number
  /** Datagrams sent: many messages share each. */
  readonly outPackets: number
  /** Messages handed to the game. */
  readonly inMessages: number
  /** Messages that `send` has queued. */
  readonly outMessages: number
  /** Messages given up before they were sent: held back too long, past their `ttlMs`, or the queue was full. On a server: of its peers. */
  readonly unsentMessages: number
  /** Keep-alive packets received. */
  readonly keepaliveCount: number
  /** Bytes that congestion control lets be on their way. */
  readonly congestionWindow: number
}

/** Everything that has metrics. */
export abstract class Measured {
  /** All metrics at one moment. */
  abstract metrics(): Metrics

  /** Live; as in {@link Metrics}. */
  get state(): number {
    return this.metrics().state
  }
  /** Live; as in {@link Metrics}. */
  get latency(): number {
    return this.metrics().latency
  }
  /** Live; as in {@link Metrics}. */
  get jitter(): number {
    return this.metrics().jitter
  }
  /** Live; as in {@link Metrics}. */
  get packetLoss(): number {
    return this.metrics().packetLoss
  }
  /** Live; as in {@link Metrics}. */
  get outBufferBytes(): number {
    return this.metrics().outBufferBytes
  }
  /** Live; as in {@link Metrics}. */
  get pendingAcks(): number {
    return this.metrics().pendingAcks
  }
  /** Live; as in {@link Metrics}. */
  get reorderQueue(): number {
    return this.metrics().reorderQueue
  }
  /** Live; as in {@link Metrics}. */
  get inBytes(): number {
    return this.metrics().inBytes
  }
  /** Live; as in {@link Metrics}. */
  get outBytes(): number {
    return this.metrics().outBytes
  }
  /** Live; as in {@link Metrics}. */
  get inPackets(): number {
    return this.metrics().inPackets
  }
  /** Live; as in {@link Metrics}. */
  get outPackets(): number {
    return this.metrics().outPackets
  }
  /** Live; as in {@link Metrics}. */
  get inMessages(): number {
    return this.metrics().inMessages
  }
  /** Live; as in {@link Metrics}. */
  get outMessages(): number {
    return this.metrics().outMessages
  }
  /** Live; as in {@link Metrics}. */
  get unsentMessages(): number {
    return this.metrics().unsentMessages
  }
  /** Live; as in {@link Metrics}. */
  get keepaliveCount(): number {
    return this.metrics().keepaliveCount
  }
  /** Live; as in {@link Metrics}. */
  get congestionWindow(): number {
    return this.metrics().congestionWindow
  }
}

/** The counters of one connection, or of all that an endpoint had. */
export class Counters {
  inBytes = 0
  outBytes = 0
  inPackets = 0
  outPackets = 0
  inMessages = 0
  outMessages = 0
  keepaliveCount = 0
}

/** What was dropped on the way between network and game, by cause; a server's are the sum over its peers. */
export class DropCounters {
  /** No definition has this type id. */
  unknownMessage = 0
  /** Only the other side may send this message. */
  wrongDirection = 0
  /** The bytes do not decode. */
  malformedMessage = 0
  /** A game's message before Welcome, or after the end. */
  earlyMessage = 0
  /** A reply, confirmation or cancellation of nothing that is open: it came after a time-out or an abort, or nobody asked for it. */
  lateReply = 0
  /** A request under a number that is still being answered: no honest peer sends it. */
  repeatedRequest = 0
  /** Packets, not messages: of a client that sends more than `maxMessagesPerSecond` or `maxBytesPerSecond`. */
  rateLimited = 0
  /** Messages, received or to be sent, that middleware dropped. */
  middleware = 0
}
