// What a soak does: a list of plain operations, so that it can be printed, shortened and run again.

/** A stage of the network as plain data: its name and its parameters. */
export type StageSpec = readonly [
  kind: 'delay' | 'loss' | 'burstLoss' | 'corrupt' | 'truncate' | 'duplicate' | 'reorder' | 'mtu' | 'bandwidth',
  ...parameters: number[],
]

/** What the server's OnConnectRequest does with one attempt. */
export type Decision =
  | 'accept'
  | 'undecided' // ends without a decision: accepted
  | 'accept-later'
  | 'accept-throw' // accepts, then throws: the first counts
  | 'reject'
  | 'reject-later'
  | 'throw'
  | 'fail-later' // its promise rejects
  | 'never'

/** What a handler does beside taking note of what it is given. */
export type Reaction = 'none' | 'throw' | 'fail' | 'answer' | 'end' | 'update'

/** What happens around one attempt to connect. */
export interface Plan {
  readonly decision: Decision
  readonly decideMs: number
  /** In the server's OnConnect. */
  readonly onConnect: Reaction
  /** In the client's OnConnectRequestAccepted. */
  readonly onAccepted: Reaction
  /** In the client's OnDisconnect: connects again from inside. */
  readonly comesBack: boolean
  /** In token mode: with the token of the attempt before. */
  readonly usesOldToken: boolean
}

/** Who is meant: the server, or a client by its index. */
export type Who = 'server' | number

export type Action =
  | { readonly kind: 'connect'; readonly client: number; readonly plan: Plan }
  | {
      readonly kind: 'send'
      readonly from: Who
      /** The client to which the server sends. */
      readonly to: number
      readonly type: string
      readonly delivery: string | undefined
      /** Bytes of the body; −1: as much as a message may hold; −2: one byte more, which is refused. */
      readonly bytes: number
      readonly count: number
      readonly reaction: Reaction
    }
  | { readonly kind: 'broadcast'; readonly type: string; readonly bytes: number; readonly count: number; readonly except: number }
  | { readonly kind: 'disconnect'; readonly client: number }
  | { readonly kind: 'kick'; readonly client: number }
  | { readonly kind: 'kickAll' }
  /** The process vanishes. Its port closes with it, or not: then its machine hangs. */
  | { readonly kind: 'kill'; readonly who: Who; readonly closesPort: boolean }
  | { readonly kind: 'close' }
  | { readonly kind: 'listen' }
  | { readonly kind: 'accepting'; readonly value: boolean }
  /** No update for so long, as at a breakpoint or in a garbage collection. */
  | { readonly kind: 'pause'; readonly who: Who; readonly ms: number }
  /** Its clock goes forward at once. */
  | { readonly kind: 'jump'; readonly who: Who; readonly ms: number }
  /** Nobody updates for so long. */
  | { readonly kind: 'suspend'; readonly ms: number }
  | { readonly kind: 'hz'; readonly who: Who; readonly hz: number }
  | { readonly kind: 'flush'; readonly who: Who }
  | { readonly kind: 'network'; readonly up: readonly StageSpec[]; readonly down: readonly StageSpec[] }
  | { readonly kind: 'partition'; readonly clients: readonly number[] }
  | { readonly kind: 'heal' }
  /** A NAT gives the client another address. */
  | { readonly kind: 'rebind'; readonly client: number }
  /** A good network for a while, all at work: what is owed must arrive. */
  | { readonly kind: 'calm' }

export type Operation = Action & { readonly waitMs: number }

/** How one world is made. */
export interface Setup {
  readonly seed: number
  readonly clients: number
  readonly isTokenMode: boolean
  readonly maxPeers: number
  readonly serverTimeoutMs: number
  readonly clientTimeoutMs: number
  readonly keepAliveMs: number
  readonly maxMessageBytes: number
  readonly maxSendQueueBytes: number
  readonly serverHz: number
  readonly clientHz: readonly number[]
  /** What each clock shows at first, in ms; the server's is the last. */
  readonly clockOffsets: readonly number[]
  readonly up: readonly StageSpec[]
  readonly down: readonly StageSpec[]
}

/** An operation on one line. */
export function describeOperation({ waitMs, ...action }: Operation): string {
  const { kind, ...rest } = action
  const parts = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
  return `${[kind, ...parts].join(' ')}, then ${waitMs} ms`
}
