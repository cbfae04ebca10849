import fc from 'fast-check'
import t from 'tap'
import { REPLAY_WINDOW } from '../../lib/netcode/constants.js'
import { PendingClient, PendingClients } from '../../lib/netcode/pending-clients.js'
import type { PrivateToken } from '../../lib/netcode/private-token.js'
import { ReplayWindow } from '../../lib/netcode/replay-window.js'
import { TokenHistory, type TokenVerdict } from '../../lib/netcode/token-history.js'
import { createAddress } from '../../lib/wire/address.js'
import { holds } from './property.js'

t.test('the replay window is a set of the last 4096 sequences, up to 2^64', async () => {
  const moves = fc.array(
    fc.oneof(
      fc.integer({ min: -40, max: 6 }),
      fc.integer({ min: -4200, max: 4200 }),
      fc.constantFrom(-4097, -4096, -4095, 4095, 4096, 4097, 31, 32, 33),
      fc.nat(2 ** 31),
    ),
    { maxLength: 120, size: 'max' },
  )
  const starts = fc.constantFrom(0n, 1n, 4090n, 2n ** 32n - 20n, 2n ** 53n - 5n, 2n ** 63n, 2n ** 64n - 2n ** 40n)
  holds(
    fc.property(starts, moves, (start, list) => {
      const window = new ReplayWindow()
      const received = new Set<bigint>()
      let recent = 0n
      for (const move of [0, ...list]) {
        const sequence = (recent > start ? recent : start) + BigInt(move)
        if (sequence < 0n) continue
        const [low, high] = [Number(sequence & 0xffffffffn), Number(sequence >> 32n)]
        const isReceived = recent - sequence >= BigInt(REPLAY_WINDOW) || received.has(sequence)
        if (window.isReceived(low, high) !== isReceived) return false
        if (isReceived) continue
        window.advance(low, high)
        received.add(sequence)
        if (sequence > recent) recent = sequence
        if (!window.isReceived(low, high)) return false
      }
      return true
    }),
    400,
  )
})

interface Known {
  readonly expires: number
  readonly from: number
  isConsumed: boolean
}

/** A map with expiry, in order of arrival. */
class HistoryModel {
  readonly tokens = new Map<number, Known>()

  readonly max: number
  readonly evicts: boolean

  constructor(max: number, evicts: boolean) {
    this.max = max
    this.evicts = evicts
  }

  admit(token: number, expires: number, from: number): TokenVerdict {
    const known = this.tokens.get(token)
    if (known === undefined) return this.#add(token, { expires, from, isConsumed: false })
    if (known.isConsumed) return 'consumed'
    return known.from === from ? 'accepted' : 'other-address'
  }

  consume(token: number, expires: number, from: number): void {
    const known = this.tokens.get(token)
    if (known !== undefined) known.isConsumed = true
    else if (this.evicts) this.#add(token, { expires, from, isConsumed: true })
  }

  expire(now: number): void {
    if (this.evicts) return
    for (const [token, { expires }] of this.tokens) if (expires <= now) this.tokens.delete(token)
  }

  #add(token: number, known: Known): TokenVerdict {
    if (this.tokens.size >= this.max) {
      if (!this.evicts) return 'full'
      this.tokens.delete(this.tokens.keys().next().value!)
    }
    this.tokens.set(token, known)
    return 'accepted'
  }
}

t.test('the token history is a bounded map with expiry, and one that forgets its oldest in open mode', async () => {
  const steps = fc.array(fc.record({ kind: fc.nat(9), token: fc.nat(30), from: fc.nat(3), lifetime: fc.nat(40) }), {
    maxLength: 200,
    size: 'max',
  })
  holds(
    fc.property(fc.integer({ min: 1, max: 24 }), fc.boolean(), steps, (max, evicts, list) => {
      const history = new TokenHistory(max, evicts)
      const model = new HistoryModel(max, evicts)
      // Tokens that differ in one byte only, each byte in turn.
      const macOf = (token: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => (i === token % 16 ? 1 + (token >> 4) : 0))
      let now = 0
      for (const { kind, token, from, lifetime } of list) {
        const [host, port] = [`10.0.0.${from >> 1}`, 40_000 + (from & 1)]
        if (kind < 6) {
          if (history.admit(macOf(token), now + lifetime, host, port) !== model.admit(token, now + lifetime, from)) return false
        } else if (kind < 8) {
          history.consume(macOf(token), now + lifetime, host, port)
          model.consume(token, now + lifetime, from)
        } else {
          now += lifetime >> 2
          history.expire(now)
          model.expire(now)
        }
        if (history.size !== model.tokens.size) return false
      }
      return true
    }),
    300,
  )
})

t.test('pending clients: one an address, those heard of longest ago give way, and time ends them', async () => {
  const steps = fc.array(fc.record({ kind: fc.nat(9), address: fc.nat(11), ms: fc.nat(30) }), { maxLength: 120, size: 'max' })
  const nothing = {} as PrivateToken // kept, not looked at
  holds(
    fc.property(fc.integer({ min: 1, max: 8 }), steps, (max, list) => {
      const clients = new PendingClients(max)
      let model: PendingClient[] = []
      let now = 0
      for (const { kind, address, ms } of list) {
        const at = createAddress(`10.0.0.${address >> 2}`, 1000 + (address & 3))
        const known = model.find((client) => client.address.host === at.host && client.address.port === at.port)
        if (clients.get(at.host, at.port) !== known) return false
        now += ms >> 3
        if (kind < 6) {
          const client = new PendingClient(at, nothing, new Uint8Array(16).fill(address), 0, 1000, now + ms)
          if (!client.hasToken(new Uint8Array(16).fill(address)) || client.hasToken(new Uint8Array(16).fill(address + 1))) return false
          model = model.filter((other) => other !== known)
          const isFull = model.length >= max
          if (clients.add(client) !== isFull) return false
          if (isFull) {
            if (!model[0]!.isForgotten) return false
            model.shift()
          }
          model.push(client)
          if (known !== undefined && !known.isForgotten) return false
        } else if (kind < 7 && known !== undefined) {
          clients.touch(known)
          model = [...model.filter((other) => other !== known), known]
        } else if (kind < 8 && known !== undefined) {
          clients.delete(known)
          model = model.filter((other) => other !== known)
        } else if (kind === 9) {
          model = model.filter((client) => client.forgottenAt > now)
          if (clients.expire(now) !== Math.min(Number.POSITIVE_INFINITY, ...model.map((client) => client.forgottenAt))) return false
        }
        if (clients.size !== model.length) return false
      }
      return model.every((client) => clients.get(client.address.host, client.address.port) === client && !client.isForgotten)
    }),
    200,
  )
})
