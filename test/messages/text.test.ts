// UTF-8: lengths and validity against TextEncoder and TextDecoder.
import t from 'tap'
import { isUtf8, readText, utf8Bytes, writeText } from '../../lib/messages/text.js'
import { seededNumbers } from './codec-fixture.js'

const seed = 99
const units = [0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xfeff, 0xffff]

t.test('lengths and bytes are those of TextEncoder, also with lone surrogates', async (t) => {
  const random = seededNumbers(seed)
  const bytes = new Uint8Array(1000)
  for (let round = 0; round < 5000; round++) {
    const text = String.fromCharCode(...Array.from({ length: random(round % 10 === 0 ? 150 : 12) }, () => units[random(units.length)]!))
    const expected = new TextEncoder().encode(text)
    const end = writeText(bytes, 3, text, 900)
    const start = 3 + (expected.length < 128 ? 1 : 2)
    const isEqual =
      utf8Bytes(text) === expected.length && end === start + expected.length && Buffer.compare(bytes.subarray(start, end), expected) === 0
    if (!isEqual) t.fail(`seed ${seed}, round ${round}: ${JSON.stringify(text)}`)
    if (readText(bytes, start, expected.length) !== text.replaceAll(/\p{Surrogate}/gu, '\ufffd'))
      t.fail(`seed ${seed}, round ${round}: reading ${JSON.stringify(text)}`)
  }
  t.equal(utf8Bytes('héllo'), 6)
})

t.test('validity is that of TextDecoder', async (t) => {
  const random = seededNumbers(seed)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const edges = [
    0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff,
  ]
  let valid = 0
  for (let round = 0; round < 30_000; round++) {
    const bytes = Uint8Array.from({ length: random(6) }, () => edges[random(edges.length)]!)
    let isValid = true
    try {
      decoder.decode(bytes)
    } catch {
      isValid = false
    }
    if (isValid) valid++
    if (isUtf8(bytes, 0, bytes.length) !== isValid) t.fail(`seed ${seed}, round ${round}: ${Buffer.from(bytes).toString('hex')}`)
    if ((readText(bytes, 0, bytes.length) !== undefined) !== isValid)
      t.fail(`seed ${seed}, round ${round}: read ${Buffer.from(bytes).toString('hex')}`)
  }
  t.ok(valid > 1000, `${valid} valid`)
})

t.test('ASCII of every length is read', async (t) => {
  for (let length = 0; length < 60; length++) {
    const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(3).slice(0, length)
    const bytes = new TextEncoder().encode(`..${text}..`)
    t.equal(readText(bytes, 2, length), text)
    // One byte that is not ASCII, at each place.
    for (let i = 0; i < length; i++) {
      const damaged = bytes.slice()
      damaged[2 + i] = 0xff
      if (readText(damaged, 2, length) !== undefined) t.fail(`length ${length}, byte ${i}`)
    }
  }
})
