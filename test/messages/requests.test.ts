// Requests as definitions: two messages each, and what they tell of themselves.
import t from 'tap'
import { MessageFactory, optional, string, uint8, uint16, uint32 } from '../../lib/messages/index.js'
import { FIRST_SYSTEM_ID } from '../../lib/wire/limits.js'

const bytesOf = (messages: MessageFactory, name: string, values: object): string => {
  const bytes = new Uint8Array(100)
  const end = messages.getByName(name).codec.encode(values, bytes, new DataView(bytes.buffer), 0)
  return Buffer.from(bytes.subarray(0, end)).toString('hex')
}

t.test('a request is two messages among the others, with ids by name and the directions of asker and responder', async (t) => {
  const messages = new MessageFactory()
  const chat = messages.define('Chat', {})
  const buy = messages.defineRequest('Buy', {
    request: { item: uint16 },
    reply: { gold: uint32 },
    errors: ['no-money'],
    from: 'client',
    channel: 4,
    priority: 6,
    delivery: 'reliable',
  })
  t.strictSame(
    messages.definitions.map(({ name, id, from, delivery, channel, priority }) => [name, id, from, delivery, channel, priority]),
    [
      ['Buy', 0, 'client', 'reliable', 4, 6],
      ['Buy.reply', 1, 'server', 'reliable', 4, 6],
      ['Chat', chat.id, 'both', 'ordered', 0, 3],
    ],
  )
  t.match(buy, { name: 'Buy', from: 'client', delivery: 'reliable', channel: 4, priority: 6, errors: ['no-money'], timeoutMs: 10_000 })
  const standard = messages.defineRequest('Ask', { request: {}, reply: {}, timeoutMs: 500 })
  t.match(standard, { from: 'both', delivery: 'ordered', channel: 0, priority: 3, errors: [], timeoutMs: 500 })
  t.equal(messages.getByName('Ask.reply').from, 'both')
})

t.test('their bytes', async (t) => {
  const messages = new MessageFactory()
  messages.defineRequest('Buy', {
    request: { item: uint16 },
    reply: { gold: uint8, left: optional(uint8) },
    errors: ['no-money', 'sold-out'],
  })
  t.equal(bytesOf(messages, 'Buy', { id: 7, values: { item: 258 } }), '070000000201')
  const reply = { id: 7, detail: undefined, values: undefined }
  t.equal(bytesOf(messages, 'Buy.reply', { ...reply, status: 'done', values: { gold: 9 } }), '0207000000000009')
  t.equal(bytesOf(messages, 'Buy.reply', { ...reply, status: 'done', values: { gold: 9, left: 1 } }), '020700000000010901')
  t.equal(bytesOf(messages, 'Buy.reply', { ...reply, status: 'busy' }), '000700000003')
  t.equal(bytesOf(messages, 'Buy.reply', { ...reply, status: 'error sold-out', detail: 'hm' }), '01070000000502686d')
})

t.test('two sides must agree on fields, errors and direction, and need not on the time-out', async (t) => {
  const fingerprint = (options: object): string => {
    const messages = new MessageFactory()
    messages.defineRequest('Buy', { request: { item: uint16 }, reply: { gold: uint32 }, errors: ['a', 'b'], ...options })
    return messages.fingerprint
  }
  const common = fingerprint({})
  t.equal(fingerprint({ timeoutMs: 5 }), common)
  t.equal(fingerprint({ priority: 5 }), common)
  for (const other of [
    { errors: ['b', 'a'] },
    { errors: [] },
    { request: { item: uint8 } },
    { reply: { gold: uint8 } },
    { from: 'client' },
    { channel: 1 },
    { delivery: 'reliable' },
  ])
    t.not(fingerprint(other), common, JSON.stringify(other))
})

t.test('a definition knows its own errors, and none of another', async (t) => {
  const messages = new MessageFactory()
  messages.defineRequest('Buy', { request: {}, reply: {}, errors: ['no-money'] })
  messages.defineRequest('Sell', { request: {}, reply: {}, errors: ['no-money'] })
  const [buy, sell] = messages.requests
  const error = Object.assign(new Error('x'), { request: buy })
  t.ok(buy!.isError(error))
  t.notOk(sell!.isError(error))
  t.notOk(buy!.isError({ request: buy }))
  t.notOk(buy!.isError(null))
  t.equal(buy!.statusOf('no-money'), 'error no-money')
  t.equal(buy!.statusOf('done'), undefined)
  t.equal(buy!.errorOf('error no-money'), 'no-money')
  t.equal(buy!.errorOf('done'), undefined)
})

t.test('options that make no sense are refused, and leave no trace', async (t) => {
  const messages = new MessageFactory()
  messages.define('Taken.reply', {})
  messages.define('Held', {})
  const fine = { request: {}, reply: {} }
  const refused: [name: any, options: any, errorName: string, message: string][] = [
    ['', fine, 'RangeError', '"name" expected a text of 1–58 characters, got 0'],
    ['x'.repeat(59), fine, 'RangeError', '"name" expected a text of 1–58 characters, got 59'],
    ['Held', fine, 'RangeError', '"name" expected one that is not defined yet, got "Held" again'],
    ['Taken', fine, 'RangeError', '"name" expected one that is not defined yet, got "Taken.reply" again'],
    ['R', undefined, 'TypeError', '"options" expected an object, got undefined'],
    [
      'R',
      { ...fine, replies: {} },
      'TypeError',
      '"options" expected request, reply, errors, from, delivery, channel, priority, timeoutMs, got "replies"',
    ],
    ['R', { request: {} }, 'TypeError', '"reply" expected an object of fields, got undefined'],
    ['R', { ...fine, delivery: 'sequenced' }, 'RangeError', '"delivery" of a request expected reliable, ordered, got "sequenced"'],
    ['R', { ...fine, from: 'me' }, 'RangeError', '"from" expected client, server, both, got "me"'],
    ['R', { ...fine, channel: 32 }, 'RangeError', '"channel" expected integer 0–31, got 32'],
    ['R', { ...fine, timeoutMs: 0 }, 'RangeError', '"timeoutMs" expected integer 1–2147483647, got 0'],
    ['R', { ...fine, errors: 'no-money' }, 'TypeError', '"errors" expected an array of names, got "no-money"'],
    ['R', { ...fine, errors: [''] }, 'RangeError', '"errors" expected a text of 1–64 characters, got 0'],
    ['R', { ...fine, errors: ['a', 'a'] }, 'RangeError', '"errors" expected distinct names, got a, a'],
    [
      'R',
      { ...fine, errors: Array.from({ length: 253 }, (_, i) => `e${i}`) },
      'RangeError',
      '"errors" expected at most 252 names, got 253',
    ],
  ]
  for (const [name, options, errorName, message] of refused)
    t.throws(() => messages.defineRequest(name, options), { name: errorName, message }, message)
  t.equal(messages.definitions.length, 2)
  t.equal(messages.requests.length, 0)
  messages.defineRequest('R', { ...fine, errors: Array.from({ length: 252 }, (_, i) => `e${i}`) })
  messages.freeze()
  t.throws(() => messages.defineRequest('Late', fine), {
    name: 'TypeError',
    message: /^defineRequest\("Late"\) expected to come before an endpoint/,
  })
})

t.test('a detail has at most 512 bytes, an outcome is none of the game’s errors', async (t) => {
  const messages = new MessageFactory()
  messages.defineRequest('R', { request: { text: string(8) }, reply: {}, errors: ['done', 'busy'] })
  const reply = messages.getByName('R.reply')
  const decode = (hex: string): unknown => {
    const bytes = Buffer.from(hex, 'hex')
    return reply.codec.decode(bytes, 0, bytes.length)
  }
  t.match(decode('000100000004'), { id: 1, status: 'error done' })
  t.match(decode('000100000003'), { id: 1, status: 'busy' })
  t.equal(decode('000100000006'), undefined, 'no such outcome')
  t.throws(() => bytesOf(messages, 'R.reply', { id: 1, status: 'done', detail: 'x'.repeat(513), values: {} }), /at most 512 bytes/)
})

t.test('the library’s own type ids begin behind those of definitions', async (t) => {
  const messages = new MessageFactory()
  t.throws(() => messages.define('M', {}, { id: FIRST_SYSTEM_ID }), { name: 'RangeError' })
  t.equal(messages.define('M', {}, { id: FIRST_SYSTEM_ID - 1 }).id, FIRST_SYSTEM_ID - 1)
})
