// What a search asks and a server answers: decoded, and the advertisement that answers. The first byte of an input says which.
import { Advertisement } from '../../lib/endpoint/advertisement.js'
import { decodeQuery, decodeReply, encodeQuery, encodeReply } from '../../lib/endpoint/discovery-messages.js'
import { FoundServer } from '../../lib/endpoint/found-server.js'
import { seededEntropy } from '../../lib/io/random.js'
import type { Datagram, Transport } from '../../lib/io/transport.js'
import { DISCOVERY_QUERY_BYTES } from '../../lib/wire/limits.js'
import { bytesOf, check, type Target } from '../target.js'
import { sameValue } from './codecs.js'

const buffer = new Uint8Array(1280)

/** A socket that holds one datagram and remembers how much was sent. */
class OneDatagram implements Transport {
  readonly kind = 'fuzz'
  readonly counters = { inboxDropped: 0, sendErrors: 0 }
  onError: Transport['onError']
  onReadable: Transport['onReadable']
  next: Datagram | undefined
  sent: Uint8Array[] = []

  async open(): Promise<{ host: string; port: number; family: 'ipv4' }> {
    return { host: '127.0.0.1', port: 23_600, family: 'ipv4' }
  }

  receive(): Datagram | undefined {
    const { next } = this
    this.next = undefined
    return next
  }

  buffer(): Uint8Array {
    return buffer
  }

  send(length: number): void {
    this.sent.push(buffer.slice(0, length))
  }

  ref(): void {}
  unref(): void {}
  async close(): Promise<void> {}
}

function newAdvertisement(transport: OneDatagram): Advertisement {
  const server = {
    game: 'arena',
    fingerprint: '0123456789abcdef',
    address: { host: '127.0.0.1', port: 9000, family: 'ipv4' as const },
    needsToken: false,
    maxPlayers: 8,
    playerCount: 3,
    acceptNewConnections: true,
  }
  return new Advertisement(server, { name: 'Ada', info: { map: 'dust' } }, transport, seededEntropy(1), () => {})
}

let now = 0
const transport = new OneDatagram()
const advertisement = newAdvertisement(transport)

function checkQuery(bytes: Uint8Array): void {
  const query = decodeQuery(bytes)
  transport.sent = []
  // A second later, from another host: no limit of replies is in the way.
  transport.next = {
    bytes,
    length: bytes.length,
    host: `127.${(now >>> 16) & 255}.${(now >>> 8) & 255}.${now & 255}`,
    port: 40_000,
    at: now * 1000,
  }
  advertisement.poll(++now * 1000)
  const bytesSent = transport.sent.reduce((sum, { length }) => sum + length, 0)
  check(bytesSent <= bytes.length, 'an answer is no larger than its query')
  if (query === undefined) {
    check(bytesSent === 0, 'what is no query is not answered')
    return
  }
  const length = encodeQuery(query, buffer)
  check(sameValue(decodeQuery(buffer.slice(0, length)), query), 'a query is encoded and decoded as before')
  for (const sent of transport.sent) {
    const reply = decodeReply(sent)
    check(reply?.nonceLow === query.nonceLow && reply.nonceHigh === query.nonceHigh, 'a reply carries the nonce of its query')
  }
}

function checkReply(bytes: Uint8Array): void {
  const reply = decodeReply(bytes)
  if (reply === undefined) return
  const length = encodeReply(reply, buffer)
  check(length >= 0 && length <= DISCOVERY_QUERY_BYTES, 'what decodes as a reply fits into one')
  check(sameValue(decodeReply(buffer.slice(0, length)), reply), 'a reply is encoded and decoded as before')
  check(Number.isFinite(reply.waitedMs), 'the time that a query waited is a finite number')
  const found = new FoundServer(reply, '127.0.0.1', 1)
  check(
    found.host.length > 0 && found.id.length === 16 && found.fingerprint.length === 16,
    'a found server has a host, an id and a fingerprint',
  )
  JSON.stringify(found, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

export const discovery: Target = {
  name: 'discovery',
  about: 'discovery queries and replies, and the advertisement that answers them',
  format: 'bytes',
  maxBytes: 1 + 600,
  share: 160,
  dictionary: [bytesOf('TWlq', 1), bytesOf('TWla', 1), bytesOf(0, 0, 0xc0, 0x7f), bytesOf(0, 0, 0x80, 0x7f), new Uint8Array(8)],
  run(input) {
    if (input.length === 0) return
    if ((input[0]! & 1) === 0) checkQuery(input.slice(1))
    else checkReply(input.slice(1))
  },
  seeds() {
    const query = buffer.slice(0, encodeQuery({ nonceLow: 1, nonceHigh: 2, gameLow: 0, gameHigh: 0 }, buffer))
    transport.next = { bytes: query, length: query.length, host: '127.0.0.1', port: 40_000, at: 0 }
    transport.sent = []
    newAdvertisement(transport).poll(1)
    return [bytesOf(0, query), ...transport.sent.map((reply) => bytesOf(1, reply))]
  },
}
