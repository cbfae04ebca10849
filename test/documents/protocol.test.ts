// docs/PROTOCOL.md against the code: what its tables say is what the code sends. The parser here is made of those tables alone (layout.ts).
import t from 'tap'
import { encodeControl, Goodbye, Hello, Reject, Tickets, Welcome } from '../../lib/endpoint/control-messages.js'
import { encodeQuery, encodeReply, type Query, type Reply } from '../../lib/endpoint/discovery-messages.js'
import * as fields from '../../lib/messages/index.js'
import { MessageFactory, string } from '../../lib/messages/index.js'
import {
  CANCELLATION,
  CONFIRM_OUTCOMES,
  CONFIRMABLE,
  CONFIRMATION,
  encodeCancellation,
  encodeConfirmable,
  encodeConfirmation,
} from '../../lib/sessions/system-messages.js'
import { fnv1a32, fnv1a64, hex64 } from '../../lib/wire/hash.js'
import { writeVarint } from '../../lib/wire/varint.js'
import { type End, Pair, random } from '../protocol/pair.js'
import { codeBlock, hexDump, readDocument, tableRows } from './document.js'
import { type Layout, LayoutReader, numberOf, type Parsed, parseLayout } from './layout.js'

const page = readDocument('docs/PROTOCOL.md')
const messageLayout = parseLayout(tableRows(page, 'Part', 'Layout')[0]![1]!)

interface Frame {
  readonly name: string
  readonly body: Parsed
}

/** The layouts of the frame table, by type; reserved and later types are not in it. */
function frameLayouts(): Map<number, { readonly name: string; readonly layout: Layout }> {
  const rows = tableRows(page, 'Type', 'Name', 'Body').filter(([type, , body]) => type!.length === 4 && body !== 'reserved')
  return new Map(rows.map(([type, name, body]) => [Number(type), { name: name!, layout: parseLayout(body!) }]))
}

const layouts = frameLayouts()

/** Takes a payload apart. Throws where it is not a run of frames that ends with the last byte. */
function parsePayload(payload: Uint8Array): Frame[] {
  const reader = new LayoutReader(payload, messageLayout)
  const frames: Frame[] = []
  while (!reader.isAtEnd) {
    const type = reader.uint(1)
    const frame = layouts.get(type)
    if (frame === undefined) throw new Error(`the page has no frame of type ${type}`)
    frames.push({ name: frame.name, body: reader.read(frame.layout) })
  }
  return frames
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A payload that tells where each of its 64-byte blocks belongs. */
function payloadOf(number: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (number * 31 + i + 7 * (i >> 6)) & 255)
}

t.test('every payload that two connections exchange is a run of frames of the page, to its last byte', async (t) => {
  const window = { messages: 64, bytes: 200_000 }
  const pair = new Pair(11, { delayMs: 30, jitterMs: 20, loss: 0.1 }, { client: { window, fillsPackets: true }, server: { window } })
  const rnd = random(11)
  const sent = new Map<number, Uint8Array>() // type id → payload: each message has a type of its own
  const seen = new Map<string, number>()
  let messages = 0
  const checkPart = (body: Parsed): void => {
    const whole = sent.get(numberOf(body, 'type'))!
    messages++
    const start = body.payload === undefined ? numberOf(body, 'block') * 64 : 0
    const part = body.payload === undefined ? whole.subarray(start, start + numberOf(body, 'size')) : whole
    if (Buffer.compare((body.payload ?? body.data) as Uint8Array, part) !== 0)
      t.fail(`message ${numberOf(body, 'type')} is another from ${start} on`)
    if (body.payload === undefined && numberOf(body, 'total') !== whole.length)
      t.fail(`message ${numberOf(body, 'type')} has another length`)
  }
  pair.onPacket = (_toServer, payload) => {
    for (const { name, body } of parsePayload(payload)) {
      seen.set(name, (seen.get(name) ?? 0) + 1)
      if (body.one !== undefined) checkPart(body.one as Parsed)
      else if (Array.isArray(body.count))
        for (const item of body.count) checkPart((item.one ?? { ...body, payload: item.payload }) as Parsed)
      else if (body.data !== undefined) checkPart(body)
    }
  }
  let next = 0
  const tick = (end: End, now: number): void => {
    if (next >= 600) return
    for (const delivery of ['unreliable', 'sequenced', 'reliable', 'ordered'] as const) {
      const isLarge = rnd() < 0.05
      const bytes = payloadOf(next, isLarge ? 1200 + Math.floor(rnd() * 20_000) : Math.floor(rnd() * 150))
      sent.set(next, bytes)
      end.send(next++, bytes, delivery, now, { redundancy: rnd() < 0.3 ? 2 : 0, channel: Math.floor(rnd() * 3) })
    }
  }
  pair.until(() => next >= 600 && pair.client.connection.isIdle && pair.server.connection.isIdle, 120_000, tick)
  // Beside other traffic a newer one takes the place of a large sequenced message; on an idle link it goes.
  sent.set(next, payloadOf(next, 5000))
  pair.client.send(next, sent.get(next)!, 'sequenced', pair.now)
  for (const delivery of ['reliable', 'ordered'] as const) {
    sent.set(++next, payloadOf(next, 8))
    for (let i = 0; i < 2; i++) pair.client.send(next, sent.get(next)!, delivery, pair.now)
  }
  pair.run(5000) // idle, so that both sides ping
  t.equal(pair.client.connection.failure, undefined)
  t.equal(pair.server.connection.failure, undefined)
  t.strictSame([...seen.keys()].sort(), [...layouts.values()].map(({ name }) => name).sort(), 'every frame of the page was seen')
  t.ok(messages > 600, `${messages} messages and fragments compared with what was sent`)
})

t.test('the page’s whole payload is what the code sends', async (t) => {
  const Chat = new MessageFactory().define('Chat', { text: string(255) })
  const pair = new Pair(1, { delayMs: 20, drops: (toServer, count) => toServer && count === 2 }, { server: { intervalMs: 50 } })
  let last = new Uint8Array(0)
  pair.onPacket = (toServer, payload) => {
    if (!toServer) last = Uint8Array.from(payload)
  }
  pair.run(100, (end, now) => {
    if (end === pair.client && now <= 1048) end.send(Chat.id, encode(Chat, { text: 'x' }), 'ordered', now)
    if (end === pair.server && now === 1100)
      for (const text of ['hello', 'héllo?']) end.send(Chat.id, encode(Chat, { text }), 'ordered', now)
  })
  t.equal(hex(last), hex(hexDump(codeBlock(page, 'hex: payload'))))
  t.equal(last.length, Number(/: (\d+) bytes\.\n\n<!-- hex: payload/.exec(page)?.[1]))

  const [ack, ordered] = parsePayload(last)
  t.equal(hex(last.subarray(0, 11)), hex(hexDump(codeBlock(page, 'hex: ack'))))
  t.strictSame(ack, { name: 'ACK', body: { largest: 3, delay: 512, ranges: [{ gap: 0, length: 1 }], length: 0 } })
  t.equal(ordered?.name, 'ORDERED')
})

t.test('the control messages have the layouts of the page', async (t) => {
  const rows = tableRows(page, 'Message', 'Type', 'Layout')
  const bytes = Uint8Array.of(1, 2, 3)
  const extensions = [{ type: 300, body: bytes }]
  const limits = { version: 1, maxAckDelayMs: 25, windowMessages: 16_384, windowBytes: 2 ** 20, maxMessageBytes: 2 ** 18 }
  const ending = { reason: 4, detail: 'restarting', data: bytes }
  const hello = { ...limits, definitions: [1, 2 ** 32 - 1], name: 'ada', data: bytes, resumeToken: bytes, extensions }
  const welcome = { ...limits, peerId: 7, timeoutMs: 10_000, serverNow: 1.5, tick: 60.25, tickMs: 16.5, resumeToken: bytes, extensions }
  const cases = [
    [Hello, hello],
    [Welcome, welcome],
    [Reject, ending],
    [Goodbye, ending],
    [Tickets, { tokens: [bytes] }],
  ] as const
  t.equal(rows.length, cases.length)
  for (const [type, values] of cases) {
    const [name, number, layout] = rows.find(([name]) => name === type.name)!
    t.equal(type.id, Number(number))
    const reader = new LayoutReader(encodeControl(type, values), messageLayout)
    const parsed = reader.read(parseLayout(layout!))
    t.ok(reader.isAtEnd, `${name} ends where the page says`)
    for (const [key, value] of Object.entries(values)) {
      const read = parsed[key]
      if (key === 'definitions')
        t.strictSame(
          parsed.definitionCount,
          (value as number[]).map((hash) => ({ hash })),
        )
      else if (key === 'tokens') t.strictSame(parsed.count, [{ tokenBytes: 3, token: bytes }])
      else if (key === 'extensions') t.strictSame(parsed.extensionCount, [{ type: 300, size: 3, body: bytes }])
      else
        t.strictSame(
          read instanceof Uint8Array && typeof value === 'string' ? new TextDecoder().decode(read) : read,
          value,
          `${name}.${key}`,
        )
    }
  }
})

t.test('the messages of the library have the types and layouts of the page', async (t) => {
  const rows = tableRows(page, 'Message of the library', 'Type', 'Layout')
  const payload = Uint8Array.of(9, 8, 7)
  const cases = [
    ['Confirmable', CONFIRMABLE, encodeConfirmable(2 ** 32 - 1, 300, payload, 0, 3), { id: 2 ** 32 - 1, type: 300, payload }],
    ['Confirmation', CONFIRMATION, encodeConfirmation(5, 'busy'), { id: 5, outcome: 3 }],
    ['Cancellation', CANCELLATION, encodeCancellation(258), { id: 258 }],
  ] as const
  t.strictSame(
    rows.map(([name, type]) => [name, Number(type)]),
    cases.map(([name, type]) => [name, type]),
  )
  for (const [i, [name, , bytes, values]] of cases.entries()) {
    const reader = new LayoutReader(bytes, messageLayout)
    t.strictSame(reader.read(parseLayout(rows[i]![2]!)), values, name)
    t.ok(reader.isAtEnd)
  }
  CONFIRM_OUTCOMES.forEach((outcome, number) => {
    t.equal(encodeConfirmation(1, outcome).at(-1), number)
  })
})

t.test('a request and its reply have the fields and the bytes of the page', async (t) => {
  const messages = new MessageFactory()
  messages.defineRequest('Buy', { request: { item: fields.uint16 }, reply: { gold: fields.uint8 }, errors: ['no-money', 'sold-out'] })
  const encoded = (name: string, values: object): string => hex(encode(messages.getByName(name), values))
  t.equal(encoded('Buy', { id: 7, values: { item: 258 } }), hex(hexDump(codeBlock(page, 'hex: buy'))))
  const reply = { id: 7, status: 'done', detail: undefined, values: { gold: 9 } }
  t.equal(encoded('Buy.reply', reply), hex(hexDump(codeBlock(page, 'hex: bought'))))
  // What the page says the two are, evaluated: the same fields make the same bytes.
  const names = { ...fields, request: { item: fields.uint16 }, reply: { gold: fields.uint8 } }
  for (const [name, text] of tableRows(page, 'Message', 'Fields')) {
    const made = new Function(...Object.keys(names), `return ${text}`)(...Object.values(names)) as fields.Fields
    const same = new MessageFactory().define(name!, made)
    const values =
      name === 'Buy' ? { id: 7, values: { item: 258 } } : { ...reply, status: 'error sold-out', detail: 'hm', values: undefined }
    t.equal(hex(encode(same, values)), encoded(name!, values), name!)
  }
})

t.test('a query and a reply of discovery have the layouts of the page, and its bytes', async (t) => {
  const nonce = { nonceLow: 42, nonceHigh: 7 }
  const query: Query = { ...nonce, gameLow: 0, gameHigh: 0 }
  const ids = { idLow: 1, idHigh: 2, fingerprintLow: 3, fingerprintHigh: 4 }
  const info = Uint8Array.from([0x81, 0xa3, ...Buffer.from('map'), 0xa3, ...Buffer.from('sea')])
  const numbers = { modes: 0, port: 9000, players: 3, maxPlayers: 64, waitedMs: 6 }
  const reply: Reply = { ...nonce, ...ids, ...numbers, host: '', game: 'arena', name: 'fêt', info }
  const buffer = new Uint8Array(1280)

  const rows = new Map(tableRows(page, 'Datagram', 'Layout').map(([name, layout]) => [name, parseLayout(layout!)]))
  t.strictSame([...rows.keys()], ['Query', 'Reply'])
  const queryBytes = buffer.slice(0, encodeQuery(query, buffer))
  const replyBytes = buffer.slice(0, encodeReply(reply, buffer))
  const queryReader = new LayoutReader(queryBytes, messageLayout)
  t.match(queryReader.read(rows.get('Query')!), { version: 1, ...query })
  t.ok(queryBytes.subarray(queryReader.offset).every((byte) => byte === 0))
  t.equal(hex(queryBytes.subarray(0, queryReader.offset)), hex(hexDump(codeBlock(page, 'hex: query'))))
  t.equal(queryBytes.length - queryReader.offset, Number(/without its (\d+) zeros/.exec(page)?.[1]))
  t.equal(hex(replyBytes), hex(hexDump(codeBlock(page, 'hex: reply'))))

  const other = { ...reply, modes: 3, host: '192.168.1.5', maxPlayers: 65_536, waitedMs: 0.25, info: new Uint8Array(256).fill(1) }
  for (const values of [reply, other]) {
    const reader = new LayoutReader(buffer.slice(0, encodeReply(values, buffer)), messageLayout)
    const parsed = reader.read(rows.get('Reply')!)
    t.ok(reader.isAtEnd, 'a reply ends where the page says')
    for (const [key, value] of Object.entries(values))
      t.strictSame(typeof value === 'string' ? new TextDecoder().decode(parsed[key] as Uint8Array) : parsed[key], value, key)
  }

  const longest = { host: '2001:1db8:1111:2222:3333:4444:5555:6666', game: 'g'.repeat(64), name: 'n'.repeat(64) }
  const largest = encodeReply({ ...other, ...longest, players: 65_536 }, buffer)
  t.equal(largest, Number(/it takes (\d+) at most/.exec(page)?.[1]))
  for (const [name, bytes] of [
    ['query', queryBytes],
    ['reply', replyBytes],
  ] as const)
    t.match(page, `\`${new TextDecoder().decode(bytes.subarray(0, 4))}\` in a ${name}`)
})

t.test('fields have the bytes of the page', async (t) => {
  const rows = tableRows(page, 'Field', 'Value', 'Payload')
  t.ok(rows.length > 10)
  for (const [field, value, payload] of rows) {
    // The page writes fields and values as the JavaScript that makes them.
    const make = new Function(...Object.keys(fields), `return [${field}, ${value}]`) as (
      ...exports: unknown[]
    ) => [fields.Field<unknown>, unknown]
    const [type, input] = make(...Object.values(fields))
    const One = new MessageFactory().define('One', { value: type })
    const bytes = encode(One, { value: input })
    t.equal(hex(bytes), payload!.replaceAll(' ', ''), field!)
    t.ok(One.codec.decode(bytes, 0, bytes.length), `${field} decodes`)
  }
})

t.test('varints have the bytes of the page', async (t) => {
  for (const [value, bytes] of tableRows(page, 'Value', 'Bytes')) {
    const buffer = new Uint8Array(8)
    t.equal(hex(buffer.subarray(0, writeVarint(buffer, 0, Number(value)))), bytes!.replaceAll(' ', ''))
  }
})

t.test('hashes and the fingerprint are those of the page’s signature', async (t) => {
  const messages = new MessageFactory()
  messages.define('Chat', { text: string(256) })
  const signature = codeBlock(page, "signature: define('Chat', { text: string(256) })").trim()
  t.strictSame(messages.definitionHashes, [fnv1a32(signature)])
  t.equal(messages.fingerprint, hex64(fnv1a64(signature)))
})

function encode(type: fields.AnyMessageType, values: object): Uint8Array {
  const bytes = new Uint8Array(1024)
  return bytes.slice(0, type.codec.encode(values, bytes, new DataView(bytes.buffer), 0))
}
