// Clients that were challenged and have not answered yet: the standard's "encryption mappings". Bounded; the one heard of longest ago gives way.
import type { Address } from '../io/address.js'
import { OldestKeys } from '../wire/oldest-keys.js'
import { AddressMap } from './address-map.js'
import type { PrivateToken } from './private-token.js'

/** A client whose request has opened. */
export class PendingClient {
  readonly address: Address
  readonly token: PrivateToken
  /** The MAC of its sealed private token, by which the token is known; 16 bytes. */
  readonly tokenMac: Uint8Array
  readonly expireSeconds: number
  /** Milliseconds; Infinity = never. */
  readonly timeoutMs: number
  /** When it is forgotten unless it has answered. */
  readonly forgottenAt: number
  isChallengeQueued = false
  isForgotten = false

  constructor(address: Address, token: PrivateToken, tokenMac: Uint8Array, expireSeconds: number, timeoutMs: number, forgottenAt: number) {
    this.address = address
    this.token = token
    this.tokenMac = tokenMac
    this.expireSeconds = expireSeconds
    this.timeoutMs = timeoutMs
    this.forgottenAt = forgottenAt
  }

  /** Whether its requests carry this token. */
  hasToken(mac: Uint8Array): boolean {
    return this.tokenMac.every((byte, i) => byte === mac[i])
  }
}

/** Pending clients by address, in the order in which they were last heard of. */
export class PendingClients {
  readonly #byAddress = new AddressMap<PendingClient>()
  readonly #byAge = new Set<PendingClient>()
  readonly #oldest = new OldestKeys(this.#byAge)
  readonly #maxClients: number

  constructor(maxClients: number) {
    this.#maxClients = maxClients
  }

  get size(): number {
    return this.#byAge.size
  }

  get(host: string, port: number): PendingClient | undefined {
    return this.#byAddress.get(host, port)
  }

  /** Adds a client in place of an older one at its address. Returns true where another had to give way. */
  add(client: PendingClient): boolean {
    const { host, port } = client.address
    const previous = this.#byAddress.get(host, port)
    if (previous !== undefined) this.delete(previous)
    const isFull = this.#byAge.size >= this.#maxClients
    if (isFull) this.delete(this.#oldest.take()!)
    this.#byAddress.set(host, port, client)
    this.#byAge.add(client)
    return isFull
  }

  /** The client was heard of again: others give way first. */
  touch(client: PendingClient): void {
    this.#byAge.delete(client)
    this.#byAge.add(client)
  }

  delete(client: PendingClient): void {
    client.isForgotten = true
    this.#byAge.delete(client)
    this.#byAddress.delete(client.address.host, client.address.port)
  }

  /** Forgets those whose time is over, and returns when the next one's will be; Infinity where none is left. */
  expire(now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const client of this.#byAge) {
      if (client.forgottenAt <= now) this.delete(client)
      else if (client.forgottenAt < next) next = client.forgottenAt
    }
    return next
  }
}
