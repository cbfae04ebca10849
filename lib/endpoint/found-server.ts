// A server as a search found it: what its reply said, where it came from, and how long that took.
import { decodeData } from './control-messages.js'
import { MODE_IS_SETTLING, MODE_NEEDS_TOKEN, type Reply, toHex } from './discovery-messages.js'

/** How console.log of Node and others asks an object for what to show. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A server that a search has found. It goes straight into `client.connect(found)`; `connect({ ...found, name: 'ada' })` gives the player's name along.
 */
export class FoundServer {
  /** Where to connect: a numeric host. */
  readonly host: string
  /** The port of the game, not the discovery port. */
  readonly port: number
  /** The option `game` of the server. */
  readonly game: string
  /** How many are in, and how many may be. */
  readonly players: number
  /** The option `maxPeers` of the server. */
  readonly maxPlayers: number
  /** What the server tells of itself. It comes from the network: check its form before you use it. */
  readonly info: unknown
  /** The round trip of the query and its reply, in ms, without the time that it waited for the server's update(). */
  readonly latency: number
  /** The server is in token mode: `connect` takes a token from its backend, not this. */
  readonly needsToken: boolean
  /** The fingerprint of the server's `MessageFactory`: where it is not that of yours, it will refuse you. */
  readonly fingerprint: string
  /** Tells servers apart that have one name: 16 hex digits, anew each time one is advertised. */
  readonly id: string
  readonly #name: string
  readonly #isSettling: boolean

  /** @internal */
  constructor(reply: Reply, sourceHost: string, latency: number) {
    this.host = reply.host === '' ? sourceHost : reply.host
    this.port = reply.port
    this.game = reply.game
    this.players = reply.players
    this.maxPlayers = reply.maxPlayers
    this.info = decodeData(reply.info)
    this.latency = latency
    this.needsToken = (reply.modes & MODE_NEEDS_TOKEN) !== 0
    this.fingerprint = toHex(reply.fingerprintLow, reply.fingerprintHigh)
    this.id = toHex(reply.idLow, reply.idHigh)
    this.#name = reply.name
    this.#isSettling = (reply.modes & MODE_IS_SETTLING) !== 0
  }

  /** What the server is called. Not an own property: `{ ...found, name: 'ada' }` is about a player, who is not called as the server is. */
  get name(): string {
    return this.#name
  }

  /** It may yet give way to another (`hostOrJoin`). @internal */
  get isSettling(): boolean {
    return this.#isSettling
  }

  /** Everything, the name too. */
  toJSON(): Record<string, unknown> {
    return { name: this.#name, ...(this as Readonly<Record<string, unknown>>) }
  }

  /** What console.log shows: the name too. @internal */
  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `FoundServer ${inspect(this.toJSON(), options)}`
  }
}
