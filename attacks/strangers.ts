// What senders without a session can do: datagrams from thousands of addresses. Made ahead, so that making them costs nothing while they fly.

import { encodeQuery } from '../lib/endpoint/discovery-messages.js'
import { OPEN_PRIVATE_KEY } from '../lib/endpoint/open-mode.js'
import type { Address } from '../lib/io/address.js'
import { type Random, seededEntropy } from '../lib/io/random.js'
import { writeConnectionRequest } from '../lib/netcode/connection-request.js'
import { generateConnectToken, protocolIdOf, readConnectToken, selectCrypto } from '../lib/netcode/index.js'
import { createAddress } from '../lib/wire/address.js'

const crypto = selectCrypto()

export interface StrangerAttack {
  readonly name: string
  /** The causes for which netcode counts them. */
  readonly causes: readonly string[]
  /** Whether an honest server answers some of them. */
  readonly isAnswered: boolean
  /** To the server in token mode rather than the open one; to its discovery port. */
  readonly target?: 'token' | 'discovery'
  /** The datagram with this index. */
  make(n: number, context: StrangerContext): Uint8Array
}

export interface StrangerContext {
  readonly random: Random
  readonly server: Address
  readonly game: string
  readonly unixSeconds: number
  /** Of the server in token mode. */
  readonly privateKey: Uint8Array
}

interface RequestOptions {
  readonly privateKey?: Uint8Array
  readonly game?: string
  readonly createUnixSeconds?: number
  readonly server?: Address
}

/** A connection request whose token was made so. */
export function requestWith(n: number, context: StrangerContext, options: RequestOptions = {}): Uint8Array {
  const token = generateConnectToken({
    protocolId: protocolIdOf(options.game ?? context.game),
    privateKey: options.privateKey ?? OPEN_PRIVATE_KEY,
    serverAddresses: [options.server ?? context.server],
    clientId: BigInt(n) + 1n,
    createUnixSeconds: options.createUnixSeconds ?? context.unixSeconds,
    timeoutSeconds: 10,
    entropy: seededEntropy(n + 1),
    crypto,
  })
  const out = new Uint8Array(1200)
  return out.slice(0, writeConnectionRequest(out, readConnectToken(token)!))
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256))
}

const WRONG_KEY = new Uint8Array(32).fill(9)
const ELSEWHERE = createAddress('127.77.77.77', 7777)
const repeated = new WeakMap<StrangerContext, Uint8Array>()

export const strangerAttacks: readonly StrangerAttack[] = [
  {
    name: 'junk of 0 to 1200 bytes',
    causes: ['stranger', 'malformed'],
    isAnswered: false,
    make: (n, { random }) => randomBytes(random, n % 1200),
  },
  {
    name: 'requests cut off, for other games, of other versions',
    causes: ['malformed', 'wrongProtocol', 'wrongVersion'],
    isAnswered: false,
    make: (n, context) => {
      const request = requestWith(n, context, { game: n % 3 === 0 ? 'another' : context.game })
      if (n % 3 === 1) return request.subarray(0, 900)
      if (n % 3 === 2) request[12] = 0x33
      return request
    },
  },
  {
    name: 'requests sealed with a wrong key',
    causes: ['badToken'],
    isAnswered: false,
    make: (n, context) => requestWith(n, context, { privateKey: WRONG_KEY }),
  },
  {
    name: 'good requests (open mode: anyone can make them)',
    causes: ['rateLimited', 'pendingEvicted'],
    isAnswered: true,
    make: (n, context) => requestWith(n, context),
  },
  {
    name: 'good requests with a token of long ago (open mode)',
    causes: ['rateLimited', 'pendingEvicted'],
    isAnswered: true,
    make: (n, context) => requestWith(n, context, { createUnixSeconds: 1_000_000 }),
  },
  {
    name: 'one good request, from every address',
    causes: ['sharedToken', 'rateLimited'],
    isAnswered: true,
    make: (_n, context) => {
      if (!repeated.has(context)) repeated.set(context, requestWith(1_000_000, context))
      return repeated.get(context)!
    },
  },
  {
    name: 'token mode: expired tokens',
    target: 'token',
    causes: ['expired'],
    isAnswered: false,
    make: (n, context) => requestWith(n, context, { privateKey: context.privateKey, createUnixSeconds: context.unixSeconds - 3600 }),
  },
  {
    name: 'token mode: tokens for another server',
    target: 'token',
    causes: ['wrongAddress'],
    isAnswered: false,
    make: (n, context) =>
      requestWith(n, context, { privateKey: context.privateKey, server: ELSEWHERE, createUnixSeconds: context.unixSeconds + 5 }),
  },
  {
    name: 'token mode: tokens of open mode',
    target: 'token',
    causes: ['badToken'],
    isAnswered: false,
    make: (n, context) => requestWith(n, context, { createUnixSeconds: context.unixSeconds + 5 }),
  },
  {
    name: 'discovery queries with forged senders',
    target: 'discovery',
    causes: [],
    isAnswered: true,
    make: (n) => {
      const out = new Uint8Array(1280)
      return out.slice(0, encodeQuery({ nonceLow: n, nonceHigh: 7, gameLow: 0, gameHigh: 0 }, out))
    },
  },
  {
    name: 'discovery junk',
    target: 'discovery',
    causes: [],
    isAnswered: false,
    make: (_n, { random }) => randomBytes(random, 512),
  },
]
