// Definitions: ids, options, freezing, and what two sides compare.
import t from 'tap'
import { type AnyMessageType, array, bool, enumOf, MessageFactory, string, struct, uint8, uint16 } from '../../lib/messages/index.js'

t.test('ids follow the sorted names, whatever the order of definition', async (t) => {
  const messages = new MessageFactory()
  const c = messages.define('Chat', {})
  const a = messages.define('Attack', {})
  const z = messages.define('attack', {})
  messages.freeze()
  t.strictSame([a.id, c.id, z.id], [0, 1, 2])
  t.strictSame(
    messages.definitions.map((type) => type.name),
    ['Attack', 'Chat', 'attack'],
  )
})

t.test('given ids stay, and the others take the lowest free ones', async (t) => {
  const messages = new MessageFactory()
  const c = messages.define('C', {}, { id: 0 })
  const b = messages.define('B', {})
  const a = messages.define('A', {})
  const d = messages.define('D', {}, { id: 16383 })
  const e = messages.define('E', {}, { id: 2 })
  const f = messages.define('F', {})
  t.strictSame([c.id, a.id, e.id, b.id, f.id, d.id], [0, 1, 2, 3, 4, 16383])
  t.strictSame(messages.definitions, [c, a, e, b, f, d])
})

t.test('an id read early changes with further definitions, until the factory is frozen', async (t) => {
  const messages = new MessageFactory()
  const move = messages.define('Move', {})
  t.equal(move.id, 0)
  t.equal(messages.typeById(0), move)
  const chat = messages.define('Chat', {})
  t.equal(move.id, 1)
  t.equal(messages.typeById(0), chat)
  t.equal(messages.typeById(1), move)
})

t.test('a frozen factory takes no further definition', async (t) => {
  const messages = new MessageFactory()
  messages.define('Move', {})
  messages.freeze()
  messages.freeze()
  t.throws(() => messages.define('Chat', {}), {
    name: 'TypeError',
    message: 'define("Chat") expected to come before an endpoint takes this MessageFactory, got it after',
  })
  t.equal(messages.definitions.length, 1)
})

t.test('definitions are found by id and by name', async (t) => {
  const messages = new MessageFactory()
  const move = messages.define('Move', {}, { id: 7 })
  t.equal(messages.getById(7), move)
  t.equal(messages.getByName('Move'), move)
  t.equal(messages.typeById(7), move)
  for (const id of [0, 6, 8, 16384]) t.equal(messages.typeById(id), undefined)
  t.throws(() => messages.getById(6), { name: 'RangeError', message: '"id" expected that of a defined message, got 6' })
  t.throws(() => messages.getByName('move'), { name: 'RangeError', message: '"name" expected that of a defined message, got "move"' })
  t.throws(() => messages.getByName('__proto__'), { name: 'RangeError' })
  t.equal(new MessageFactory().typeById(0), undefined)
})

t.test('a definition has defaults, and takes what is given', async (t) => {
  const messages = new MessageFactory()
  t.match(messages.define('A', {}), {
    name: 'A',
    from: 'both',
    delivery: 'ordered',
    channel: 0,
    priority: 3,
    ttlMs: undefined,
    redundancy: 0,
  })
  const options = { from: 'client', delivery: 'sequenced', channel: 31, priority: 7, ttlMs: 0.5, redundancy: 16 } as const
  t.match(messages.define('B', {}, options), { name: 'B', ...options })
  t.match(messages.define('C', {}, { ttlMs: undefined, id: undefined }), { ttlMs: undefined })
})

t.test('options, names and fields that make no sense are refused', async (t) => {
  const define = (name: any, fields: any, options?: any) => () => {
    const messages = new MessageFactory()
    messages.define('Taken', {}, { id: 5 })
    messages.define(name, fields, options)
  }
  const refused: [run: () => void, name: string, message: string][] = [
    [define('', {}), 'RangeError', '"name" expected a text of 1–64 characters, got 0'],
    [define('x'.repeat(65), {}), 'RangeError', '"name" expected a text of 1–64 characters, got 65'],
    [define(5, {}), 'TypeError', '"name" expected a text of 1–64 characters, got 5'],
    [define('Taken', {}), 'RangeError', '"name" expected one that is not defined yet, got "Taken" again'],
    [define('M', {}, { id: 5 }), 'RangeError', '"id" expected one that is not given yet, got 5, which "Taken" has'],
    [define('M', {}, { id: 16384 }), 'RangeError', '"id" expected integer 0–16383, got 16384'],
    [define('M', {}, { id: -1 }), 'RangeError', '"id" expected integer 0–16383, got -1'],
    [define('M', {}, { id: '1' }), 'TypeError', '"id" expected integer 0–16383, got "1"'],
    [define('M', {}, { channel: 32 }), 'RangeError', '"channel" expected integer 0–31, got 32'],
    [define('M', {}, { priority: 8 }), 'RangeError', '"priority" expected integer 0–7, got 8'],
    [define('M', {}, { redundancy: 17 }), 'RangeError', '"redundancy" expected integer 0–16, got 17'],
    [define('M', {}, { ttlMs: 0 }), 'RangeError', '"ttlMs" expected milliseconds above 0, got 0'],
    [define('M', {}, { ttlMs: Number.NaN }), 'RangeError', '"ttlMs" expected milliseconds above 0, got NaN'],
    [define('M', {}, { ttlMs: '5' }), 'TypeError', '"ttlMs" expected milliseconds above 0, got "5"'],
    [define('M', {}, { delivery: 'fast' }), 'RangeError', '"delivery" expected unreliable, sequenced, reliable, ordered, got "fast"'],
    [define('M', {}, { from: 'me' }), 'RangeError', '"from" expected client, server, both, got "me"'],
    [define('M', {}, { from: null }), 'TypeError', '"from" expected client, server, both, got null'],
    [
      define('M', {}, { deliver: 'reliable' }),
      'TypeError',
      '"options" expected id, delivery, channel, priority, ttlMs, redundancy, from, got "deliver"',
    ],
    [define('M', {}, 'reliable'), 'TypeError', '"options" expected an object, got "reliable"'],
    [define('M', undefined), 'TypeError', '"fields" expected an object of fields, got undefined'],
    [define('M', { x: string }), 'TypeError', '"fields.x" expected a field such as uint8 or string(32), got a function'],
  ]
  for (const [run, name, message] of refused) t.throws(run, { name, message }, message)
})

t.test('a refused definition leaves no trace', async (t) => {
  const messages = new MessageFactory()
  t.throws(() => messages.define('M', {}, { id: 3, channel: 99 }))
  const type = messages.define('M', {}, { id: 3 })
  t.equal(messages.getById(3), type)
})

t.test('is() goes by identity', async (t) => {
  const one = new MessageFactory().define('Chat', {})
  const other = new MessageFactory().define('Chat', {})
  const event = { type: one as AnyMessageType, message: {} }
  t.equal(one.is(event), true)
  t.equal(other.is(event), false)
})

type Change = {
  id?: number
  name?: string
  fields?: 'other' | 'renamed' | 'reordered' | 'bound' | 'enum'
  delivery?: 'reliable'
  from?: 'client'
  channel?: number
  priority?: number
  ttlMs?: number
  redundancy?: number
}

function defineGame(change: Change = {}, isReversed = false): MessageFactory {
  const messages = new MessageFactory()
  const list = array(struct({ id: uint16, on: bool }), change.fields === 'bound' ? 9 : 8)
  const kind = change.fields === 'enum' ? enumOf('a', 'c') : enumOf('a', 'b')
  const x = change.fields === 'other' ? uint16 : uint8
  const fields = change.fields === 'renamed' ? { z: x, kind, list } : change.fields === 'reordered' ? { kind, x, list } : { x, kind, list }
  const { id, name = 'Move', fields: _, ...rest } = change
  const steps = [
    () => messages.define(name, fields, { ...rest, id }),
    () => messages.define('Chat', { text: string(8) }),
    () => messages.define('Zoom', {}),
  ]
  for (const step of isReversed ? steps.reverse() : steps) step()
  return messages
}

t.test('the fingerprint is the same for the same definitions in any order', async (t) => {
  const fingerprint = defineGame().fingerprint
  t.match(fingerprint, /^[0-9a-f]{16}$/)
  t.equal(defineGame({}, true).fingerprint, fingerprint)
  t.equal(fingerprint, 'f44ddb90a0331ff9', 'also with the next version of this library')
  t.strictSame(defineGame({}, true).definitionHashes, defineGame().definitionHashes)
})

t.test('the fingerprint and the hash of the definition change with all that both sides must have alike', async (t) => {
  const original = defineGame()
  const changes: Change[] = [
    { id: 9 },
    { name: 'Moved' },
    { fields: 'other' },
    { fields: 'renamed' },
    { fields: 'reordered' },
    { fields: 'bound' },
    { fields: 'enum' },
    { delivery: 'reliable' },
    { from: 'client' },
    { channel: 1 },
  ]
  const seen = new Set([original.fingerprint])
  for (const change of changes) {
    const changed = defineGame(change)
    t.notOk(seen.has(changed.fingerprint), JSON.stringify(change))
    seen.add(changed.fingerprint)
    const hashes = changed.definitionHashes
    t.equal(hashes.length, 3)
    t.equal(hashes[0], original.definitionHashes[0], 'Chat is the same')
    t.notSame(hashes, original.definitionHashes)
  }
})

t.test('the fingerprint does not change with what is each side’s own affair', async (t) => {
  for (const change of [{ priority: 5 }, { ttlMs: 100 }, { redundancy: 2 }] as Change[])
    t.equal(defineGame(change).fingerprint, defineGame().fingerprint)
})

t.test('hashes are whole 32-bit numbers, one for each definition in the order of ids', async (t) => {
  const messages = defineGame()
  const hashes = messages.definitionHashes
  t.equal(hashes.length, messages.definitions.length)
  for (const hash of hashes) t.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32)
  t.strictSame(new MessageFactory().definitionHashes, [])
})
