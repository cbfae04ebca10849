// Which connect tokens were seen, so that each opens exactly one session. Upstream's rule since 1.4.5 (GHSA-v29p-3vj4-vg4f: one token opened two sessions, repeating nonces):
//
//     unknown ──first request──▸ pending ──slot taken──▸ consumed
//                                  └ repeats from the same address only
//
// Entries live until their token expires. They lie in a map for look-ups and in a heap ordered by expiry, so that expiring costs the expired and no scan.
import { readUint16 } from '../wire/bytes.js'
import { OldestKeys } from '../wire/oldest-keys.js'

/** What a request's token is worth. */
export type TokenVerdict = 'accepted' | 'consumed' | 'other-address' | 'full'

interface TokenEntry {
  readonly key: string
  readonly expireSeconds: number
  readonly host: string
  readonly port: number
  isConsumed: boolean
}

export class TokenHistory {
  readonly #entries = new Map<string, TokenEntry>()
  readonly #oldest = new OldestKeys(this.#entries)
  /** A binary heap, the earliest expiry first. Unused where the oldest are evicted. */
  readonly #heap: TokenEntry[] = []
  readonly #maxEntries: number
  readonly #evictOldest: boolean

  /**
   * @param maxEntries Tokens remembered at once.
   * @param evictOldest False: a full table refuses new tokens. True, for open mode: it forgets the oldest, and nothing expires, because an open server takes tokens of any age.
   */
  constructor(maxEntries: number, evictOldest: boolean) {
    this.#maxEntries = maxEntries
    this.#evictOldest = evictOldest
  }

  get size(): number {
    return this.#entries.size
  }

  /** A request with this token came from this address. Remembers the token where it is new. `mac` is the MAC of the sealed private token, 16 bytes. */
  admit(mac: Uint8Array, expireSeconds: number, host: string, port: number): TokenVerdict {
    const key = keyOf(mac)
    const entry = this.#entries.get(key)
    if (entry === undefined) return this.#add({ key, expireSeconds, host, port, isConsumed: false })
    if (entry.isConsumed) return 'consumed'
    return entry.host === host && entry.port === port ? 'accepted' : 'other-address'
  }

  /** A session begins with this token: it is never accepted again. */
  consume(mac: Uint8Array, expireSeconds: number, host: string, port: number): void {
    const key = keyOf(mac)
    const entry = this.#entries.get(key)
    if (entry !== undefined) entry.isConsumed = true
    // Evicted while its client was answering the challenge. (One that expired meanwhile need not be remembered.)
    else if (this.#evictOldest) this.#add({ key, expireSeconds, host, port, isConsumed: true })
  }

  /** Forgets the tokens that have expired: those with `expireSeconds <= unixSeconds`. */
  expire(unixSeconds: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.expireSeconds <= unixSeconds) this.#entries.delete(this.#takeEarliest().key)
  }

  #add(entry: TokenEntry): TokenVerdict {
    if (this.#entries.size >= this.#maxEntries) {
      if (!this.#evictOldest) return 'full'
      this.#entries.delete(this.#oldest.take()!)
    }
    this.#entries.set(entry.key, entry)
    if (!this.#evictOldest) this.#pushHeap(entry)
    return 'accepted'
  }

  #pushHeap(entry: TokenEntry): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (heap[parent]!.expireSeconds <= entry.expireSeconds) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  #takeEarliest(): TokenEntry {
    const heap = this.#heap
    const earliest = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return earliest
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.expireSeconds < heap[child]!.expireSeconds) child++
      if (heap[child]!.expireSeconds >= last.expireSeconds) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return earliest
  }
}

/** Eight UTF-16 units: the shortest map key that 16 bytes have in JavaScript. */
function keyOf(mac: Uint8Array): string {
  return String.fromCharCode(
    readUint16(mac, 0),
    readUint16(mac, 2),
    readUint16(mac, 4),
    readUint16(mac, 6),
    readUint16(mac, 8),
    readUint16(mac, 10),
    readUint16(mac, 12),
    readUint16(mac, 14),
  )
}
