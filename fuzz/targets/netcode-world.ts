// A netcode server and its clients, without a network: what the netcode targets start from. Keys, tokens and times are the same in every run.
import type { Address } from '../../lib/io/address.js'
import { seededEntropy } from '../../lib/io/random.js'
import { selectCrypto } from '../../lib/io/select-crypto.js'
import { type ConnectToken, generateConnectToken, readConnectToken } from '../../lib/netcode/connect-token.js'
import { PACKET_REQUEST } from '../../lib/netcode/constants.js'
import { NetcodeClient } from '../../lib/netcode/netcode-client.js'
import { NetcodeServer } from '../../lib/netcode/netcode-server.js'
import { PacketCodec } from '../../lib/netcode/packet.js'
import type { NetcodeServerOptions } from '../../lib/netcode/server-options.js'
import { check } from '../target.js'

export const crypto = selectCrypto()
export const PROTOCOL_ID = 0x1122334455667788n
export const PRIVATE_KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1)
export const SERVER_ADDRESS: Address = { host: '10.0.0.1', port: 40_000, family: 'ipv4' }
export const START_UNIX_SECONDS = 1_800_000_000
export const START = 1000

/** Tokens of the clients 0, 1 and 2: made once, as making them costs more than most inputs. */
export const TOKENS: readonly Uint8Array[] = [0, 1, 2].map((i) => makeToken(BigInt(i + 1), i + 1))
const READ_TOKENS: readonly ConnectToken[] = TOKENS.map((token) => readConnectToken(token)!)

export function makeToken(clientId: bigint, seed: number): Uint8Array {
  return generateConnectToken({
    protocolId: PROTOCOL_ID,
    privateKey: PRIVATE_KEY,
    serverAddresses: [SERVER_ADDRESS],
    clientId,
    timeoutSeconds: 5,
    createUnixSeconds: START_UNIX_SECONDS,
    entropy: seededEntropy(seed),
    crypto,
  })
}

export function keysOf(index: number): ConnectToken {
  return READ_TOKENS[index]!
}

export function clientAddress(index: number): Address {
  return { host: '10.1.0.1', port: 50_000 + index, family: 'ipv4' }
}

export function newServer(options: Partial<NetcodeServerOptions> = {}): NetcodeServer {
  return new NetcodeServer({
    protocolId: PROTOCOL_ID,
    privateKey: PRIVATE_KEY,
    addresses: [SERVER_ADDRESS],
    maxClients: 2,
    crypto,
    entropy: seededEntropy(99),
    startUnixSeconds: START_UNIX_SECONDS,
    ...options,
  })
}

const out = new Uint8Array(1280)

/** Everything that the server wants to send now, with where it goes. */
export function drainServer(server: NetcodeServer, take: (bytes: Uint8Array, host: string, port: number) => void): void {
  for (let length = server.pollDatagram(out); length > 0; length = server.pollDatagram(out)) {
    check(length <= 1200, 'a datagram has at most 1200 bytes')
    take(out.slice(0, length), server.targetHost, server.targetPort)
  }
}

export function drainClient(client: NetcodeClient, take: (bytes: Uint8Array) => void): void {
  for (let length = client.pollDatagram(out); length > 0; length = client.pollDatagram(out)) take(out.slice(0, length))
}

/** One side's packets, sealed with the keys of a token, whatever is in them. */
export class Sealer {
  readonly #codec = new PacketCodec(crypto, PROTOCOL_ID)
  readonly #buffer = new Uint8Array(1600)

  seal(key: Uint8Array, type: number, sequence: number, body: Uint8Array): Uint8Array {
    const high = Math.floor(sequence / 2 ** 32)
    const sequenceBytes = sequence < 256 ? 1 : Math.ceil(Math.log2(sequence + 1) / 8)
    this.#buffer.set(body, 1 + sequenceBytes)
    const length = this.#codec.seal(key, type, sequence >>> 0, high, this.#buffer, body.length)
    return this.#buffer.slice(0, length)
  }
}

/** Connects client `index` to the server: request, challenge, response, keep-alive. */
export function connectClient(server: NetcodeServer, index: number, now = START): NetcodeClient {
  const client = new NetcodeClient({ crypto })
  const { host, port } = clientAddress(index)
  client.connect(TOKENS[index]!, now)
  for (let round = 0; round < 3; round++) {
    drainClient(client, (bytes) => server.handleDatagram(bytes, bytes.length, host, port, now, START_UNIX_SECONDS))
    drainServer(server, (bytes, _, targetPort) => {
      if (targetPort === port) client.handleDatagram(bytes, bytes.length, SERVER_ADDRESS.host, SERVER_ADDRESS.port, now)
    })
  }
  check(client.stateName === 'connected', 'an honest client connects')
  return client
}

/** A request as client `index` sends it. */
export function requestOf(index: number): Uint8Array {
  const client = new NetcodeClient({ crypto })
  client.connect(TOKENS[index]!, START)
  let request = new Uint8Array(0)
  drainClient(client, (bytes) => {
    if (bytes[0] === PACKET_REQUEST) request = Uint8Array.from(bytes)
  })
  return request
}
