// Data made by the C reference, reproduced byte for byte and read back by every crypto provider.
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Crypto } from '../../lib/io/crypto.js'
import { systemEntropy } from '../../lib/io/entropy.js'
import { availableCrypto } from '../../lib/io/select-crypto.js'
import { ChallengeTokenCodec } from '../../lib/netcode/challenge-token.js'
import { generateConnectToken, readConnectToken } from '../../lib/netcode/connect-token.js'
import { REQUEST_TOKEN_OFFSET, RequestReader, writeConnectionRequest } from '../../lib/netcode/connection-request.js'
import { PacketCodec } from '../../lib/netcode/packet.js'
import { readPrivateToken } from '../../lib/netcode/private-token.js'
import { parseAddress } from '../../lib/wire/address.js'

interface Vectors {
  protocolId: string
  privateKey: string
  connectToken: {
    serverAddresses: string[]
    clientId: string
    expireSeconds: number
    timeoutSeconds: number
    createTimestamp: string
    expireTimestamp: string
    clientToServerKey: string
    serverToClientKey: string
    userData: string
    bytes: string
  }
  challengeToken: { clientId: string; userData: string; sequence: string; key: string; plain: string; sealed: string }
  connectionRequest: { datagram: string }
  packetKey: string
  packets: { type: string; sequence: string; body: string; datagram: string }[]
}

// Compiled tests lie in another folder than the vectors, and run from the project's root.
const vectors = JSON.parse(readFileSync('test/netcode/vectors/netcode-1.02.json', 'utf8')) as Vectors
const protocolId = BigInt(vectors.protocolId)
const TYPES = ['request', 'denied', 'challenge', 'response', 'keep-alive', 'payload', 'disconnect']

for (const { name, crypto, reason } of availableCrypto()) {
  if (crypto === undefined) t.comment(`${name} is left out: ${reason}`)
  else checkVectors(name, crypto)
}

function checkVectors(name: string, crypto: Crypto): void {
  const token = vectors.connectToken

  t.test(`${name}: generates the connect token`, async (t) => {
    const { nonce } = readConnectToken(fromHex(token.bytes))!
    const bytes = generateConnectToken({
      protocolId,
      privateKey: fromHex(vectors.privateKey),
      serverAddresses: token.serverAddresses,
      clientId: BigInt(token.clientId),
      userData: fromHex(token.userData),
      expireSeconds: token.expireSeconds,
      timeoutSeconds: token.timeoutSeconds,
      createUnixSeconds: Number(token.createTimestamp),
      entropy: systemEntropy,
      crypto,
      fixed: { nonce, clientToServerKey: fromHex(token.clientToServerKey), serverToClientKey: fromHex(token.serverToClientKey) },
    })
    t.equal(toHex(bytes), token.bytes)
  })

  t.test(`${name}: reads the public part of the connect token`, async (t) => {
    const read = readConnectToken(fromHex(token.bytes))!
    t.equal(read.protocolId, protocolId)
    t.equal(read.createUnixSeconds, BigInt(token.createTimestamp))
    t.equal(read.expireUnixSeconds, BigInt(token.expireTimestamp))
    t.equal(read.timeoutSeconds, token.timeoutSeconds)
    t.same(read.serverAddresses, token.serverAddresses.map(parseAddress))
    t.equal(toHex(read.clientToServerKey), token.clientToServerKey)
    t.equal(toHex(read.serverToClientKey), token.serverToClientKey)
  })

  t.test(`${name}: writes the connection request, and opens its private token`, async (t) => {
    const bytes = new Uint8Array(1200)
    const length = writeConnectionRequest(bytes, readConnectToken(fromHex(token.bytes))!)
    t.equal(toHex(bytes.subarray(0, length)), vectors.connectionRequest.datagram)

    const requests = new RequestReader(crypto, protocolId, fromHex(vectors.privateKey))
    const request = fromHex(vectors.connectionRequest.datagram)
    t.ok(requests.hasVersion(request))
    t.ok(requests.hasProtocolId(request))
    t.equal(requests.expireSeconds(request), Number(token.expireTimestamp))
    t.ok(requests.open(request))
    const read = readPrivateToken(request, REQUEST_TOKEN_OFFSET)!
    t.equal(read.clientId, BigInt(token.clientId))
    t.equal(read.timeoutSeconds, token.timeoutSeconds)
    t.same(read.serverAddresses, token.serverAddresses.map(parseAddress))
    t.equal(toHex(read.clientToServerKey), token.clientToServerKey)
    t.equal(toHex(read.serverToClientKey), token.serverToClientKey)
    t.equal(toHex(read.userData), token.userData)
  })

  t.test(`${name}: seals and opens the challenge token`, async (t) => {
    const challenge = vectors.challengeToken
    const codec = new ChallengeTokenCodec(crypto, fromHex(challenge.key))
    const bytes = new Uint8Array(310)
    codec.seal(bytes, 5, Number(challenge.sequence), BigInt(challenge.clientId), fromHex(challenge.userData), new Uint8Array(16))
    t.equal(toHex(bytes.subarray(5, 305)), challenge.sealed)
    t.ok(codec.open(bytes, 5, Number(challenge.sequence), 0, new Uint8Array(16)))
    t.equal(toHex(bytes.subarray(5, 289)), challenge.plain.slice(0, 284 * 2))
  })

  t.test(`${name}: seals and opens every packet`, async (t) => {
    const codec = new PacketCodec(crypto, protocolId)
    const key = fromHex(vectors.packetKey)
    t.ok(vectors.packets.length >= 33)
    for (const packet of vectors.packets) {
      const sequence = BigInt(packet.sequence)
      const low = Number(sequence & 0xffffffffn)
      const high = Number(sequence >> 32n)
      const body = fromHex(packet.body)
      const bytes = new Uint8Array(1240)
      bytes.set(body, 1 + sequenceBytes(sequence))
      const length = codec.seal(key, TYPES.indexOf(packet.type), low, high, bytes, body.length)
      t.equal(toHex(bytes.subarray(0, length)), packet.datagram, `${packet.type} ${packet.sequence}`)

      const datagram = fromHex(packet.datagram)
      t.ok(codec.readHeader(datagram, datagram.length))
      t.equal(TYPES[codec.type], packet.type)
      t.equal((BigInt(codec.sequenceHigh) << 32n) | BigInt(codec.sequenceLow), sequence)
      t.ok(codec.open(key, datagram))
      t.equal(toHex(datagram.subarray(codec.bodyStart, codec.bodyEnd)), packet.body)
    }
  })
}

function sequenceBytes(sequence: bigint): number {
  return Math.max(1, Math.ceil(sequence.toString(16).length / 2))
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
