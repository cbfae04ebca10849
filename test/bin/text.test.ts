import t from 'tap'
import { harmless, jsonValue, milliseconds, oneLine, paint, row, shorten, wrap } from '../../bin/text.js'

t.test('columns keep their edge, and what is last is not padded', async (t) => {
  t.equal(row(['a', 'b', 'c'], [3, 3]), 'a    b    c')
  t.equal(row(['a', '1', 'c'], [3, 4], [1]), 'a       1  c')
  t.equal(row(['longer', 'b'], [3, 3]), 'longer  b')
  t.equal(row(['a', ''], [3, 3]), 'a')
})

t.test('a line that is too wide goes on below its column, and colours take no room', async (t) => {
  t.equal(wrap('  --game N  only servers of this game', 26), '  --game N  only servers\n            of this game')
  t.equal(wrap('short', 26), 'short')
  t.equal(wrap('one two three', 8), 'one two\nthree')
  const painted = `${paint('green', 'ok')}  name  a text of some words`
  t.equal(wrap(painted, 100), painted)
  t.equal(wrap(painted, 20), `${paint('green', 'ok')}  name  a text of\n          some words`)
  t.equal(wrap('averylongword that', 5), 'averylongword\nthat', 'a word is never cut')
})

t.test('milliseconds have three digits that count', async (t) => {
  t.strictSame([0.4231, 3.258, 27.24, 150.4].map(milliseconds), ['0.42', '3.26', '27.2', '150'])
})

t.test('texts of the network move no cursor and change no colour', async (t) => {
  t.equal(harmless('a\x1b[31mb\nc\u202ed\u0085'), 'a�[31mb�c�d�')
  t.equal(harmless('Größe 日本 🎮'), 'Größe 日本 🎮')
  t.equal(oneLine({ a: '\u009b1m' }), '{"a":"�1m"}')
})

t.test('a text is cut by characters, not in the middle of one', async (t) => {
  t.equal(shorten('🎮🎮🎮', 3), '🎮🎮🎮')
  t.equal(shorten('🎮🎮🎮🎮', 3), '🎮🎮…')
})

t.test('what MessagePack carries has a form in JSON', async (t) => {
  const value = { id: 2n ** 60n, key: Uint8Array.of(1, 2, 3), buffer: Buffer.of(1, 2, 3), map: new Map([['a', 1]]), x: 0.123456789 }
  t.equal(JSON.stringify(value, jsonValue), '{"id":"1152921504606846976","key":"AQID","buffer":"AQID","map":{"a":1},"x":0.123456789}')
  t.equal(oneLine(undefined), '')
})
