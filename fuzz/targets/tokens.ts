// Connect tokens, public and private part, and the header of packets: decoders alone, at full speed. The first byte of an input says which.
import { readConnectToken } from '../../lib/netcode/connect-token.js'
import { NetcodeClient } from '../../lib/netcode/netcode-client.js'
import { PacketCodec } from '../../lib/netcode/packet.js'
import { type PrivateToken, readPrivateToken, sealPrivateToken, tokenAssociatedData } from '../../lib/netcode/private-token.js'
import { bytesOf, check, sameBytes, type Target } from '../target.js'
import { crypto, PRIVATE_KEY, PROTOCOL_ID, START, TOKENS } from './netcode-world.js'

const PLAIN_TOKEN_BYTES = 1008
const nonce = new Uint8Array(24)
const associatedData = tokenAssociatedData(PROTOCOL_ID, 1_800_000_030n)
const key = new Uint8Array(32).fill(7)
const packets = new PacketCodec(crypto, PROTOCOL_ID)

/** A token that can be read can be connected with. */
function checkConnectToken(bytes: Uint8Array): void {
  const token = readConnectToken(bytes)
  if (token === undefined) return
  check(token.serverAddresses.length >= 1 && token.serverAddresses.length <= 32, 'a token names 1–32 servers')
  check(token.clientToServerKey.length === 32 && token.serverToClientKey.length === 32, 'a token has both keys')
  const client = new NetcodeClient({ crypto })
  client.connect(bytes, START)
  check(client.targetAddress.host === token.serverAddresses[0]!.host, 'a client speaks to the first server of its token')
  const request = new Uint8Array(1280)
  check(client.pollDatagram(request) === 1078, 'a client begins with a request')
  check(sameBytes(request.slice(54, 1078), token.privateToken), 'a request carries the private token')
  for (let i = 0; i < 3; i++) client.handleTimeout(START + i * 1e7)
}

/** What can be read can be sealed, opened and read again. */
function checkPrivateToken(bytes: Uint8Array): void {
  const plain = new Uint8Array(1024)
  plain.set(bytes.subarray(0, PLAIN_TOKEN_BYTES))
  const token = readPrivateToken(plain, 0)
  if (token === undefined) return
  const sealed = sealPrivateToken(crypto, PRIVATE_KEY, nonce, associatedData, token)
  check(crypto.openExtended(PRIVATE_KEY, nonce, associatedData, sealed, 0, 1024), 'a sealed token opens')
  const again = readPrivateToken(sealed, 0)
  check(again !== undefined && isSame(token, again), 'a token that was read, sealed and opened is the same')
}

function isSame(a: PrivateToken, b: PrivateToken): boolean {
  return (
    a.clientId === b.clientId &&
    a.timeoutSeconds === b.timeoutSeconds &&
    JSON.stringify(a.serverAddresses) === JSON.stringify(b.serverAddresses) &&
    sameBytes(a.clientToServerKey, b.clientToServerKey) &&
    sameBytes(a.serverToClientKey, b.serverToClientKey) &&
    sameBytes(a.userData, b.userData)
  )
}

/** A header that can be read describes the datagram, and sealed anew under it the packet is as it was, and opens; nothing that was not sealed does. */
function checkPacket(input: Uint8Array): void {
  const bytes = input.slice()
  if (!packets.readHeader(bytes, bytes.length)) return
  const { type, sequenceLow, sequenceHigh, bodyStart, bodyEnd } = packets
  check(type >= 1 && type <= 6, 'a packet has one of the types')
  check(bodyStart >= 2 && bodyStart <= bodyEnd && bodyEnd + 16 === bytes.length, 'the body lies between sequence and MAC')
  const sealed = new Uint8Array(bytes.length)
  sealed.set(bytes.subarray(bodyStart, bodyEnd), bodyStart)
  check(packets.seal(key, type, sequenceLow, sequenceHigh, sealed, bodyEnd - bodyStart) === bytes.length, 'a sequence has one spelling')
  check(sameBytes(sealed.slice(0, bodyStart), bytes.slice(0, bodyStart)), 'a header is written as it was read')
  check(packets.readHeader(sealed, sealed.length) && packets.open(key, sealed), 'what was sealed opens')
  check(sameBytes(sealed.slice(bodyStart, bodyEnd), bytes.slice(bodyStart, bodyEnd)), 'and is what was sealed')
  check(packets.readHeader(bytes, bytes.length) && !packets.open(key, bytes), 'what was not sealed does not open')
}

export const tokens: Target = {
  name: 'tokens',
  about: 'connect tokens, their private part, and packet headers',
  format: 'bytes',
  maxBytes: 2049,
  share: 80,
  dictionary: [
    bytesOf('NETCODE 1.02', 0),
    bytesOf(1, 0, 0, 0),
    bytesOf(32, 0, 0, 0),
    bytesOf(33, 0, 0, 0),
    bytesOf(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255),
    new Uint8Array(8).fill(255),
  ],
  run(input) {
    if (input.length === 0) return
    const bytes = input.slice(1)
    if (input[0]! % 3 === 0) checkConnectToken(bytes)
    else if (input[0]! % 3 === 1) checkPrivateToken(bytes)
    else checkPacket(bytes)
  },
  seeds() {
    const sealed = TOKENS[0]!.slice(61, 1085)
    const expiry = TOKENS[0]!.slice(29, 37)
    const data = tokenAssociatedData(PROTOCOL_ID, new DataView(expiry.buffer).getBigUint64(0, true))
    check(crypto.openExtended(PRIVATE_KEY, TOKENS[0]!.slice(37, 61), data, sealed, 0, 1024), 'a token opens')
    return [
      bytesOf(0, TOKENS[0]!),
      // The private part of another size than the whole: its zeros at the end need not be kept.
      bytesOf(1, sealed.slice(0, 400)),
      bytesOf(2, 0x15, 1, new Uint8Array(30)),
      bytesOf(2, 0x14, 1, new Uint8Array(24)),
      bytesOf(2, 0x16, 1, new Uint8Array(16)),
      bytesOf(2, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, new Uint8Array(20)),
    ]
  },
}
