// What can go wrong where OpenSSL's parts are put together by hand, in memory of our own: held against node:crypto, byte for byte. What all providers promise is in crypto.test.ts.
import t from 'tap'
import { type Crypto, MAC_BYTES } from '../../lib/io/crypto.js'
import { createOpensslCrypto } from '../../lib/io/crypto-openssl.js'
import { seededEntropy } from '../../lib/io/random.js'
import { availableCrypto, selectCrypto } from '../../lib/io/select-crypto.js'

/** node's types leave it to those of browsers. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Memory: new (pages: { initial: number; maximum?: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): number }
  }
}

const found = availableCrypto().find(({ name }) => name === 'openssl')
const crypto = found?.crypto as Crypto
const node = selectCrypto('node:crypto')
const entropy = seededEntropy(7)

const KEY = random(32)
const NONCE = random(12)
const DATA = random(22)

t.test('openssl', crypto === undefined ? { skip: found?.reason ?? 'absent' } : {}, async (t) => {
  t.test('is the first choice where it works', async (t) => {
    t.equal(selectCrypto().name, 'openssl')
  })

  t.test('seals and opens every length as node:crypto does, at any offset and with any associated data', async (t) => {
    for (let length = 0; length <= 2100; length++) {
      const plain = random(length)
      const offset = length % 13
      const data = random(length % 41) // above 32 bytes there is no room, and another provider does it
      const [key, nonce] = [random(32), random(12)]
      const ours = sealed(crypto, plain, { offset, key, nonce, data })
      const theirs = sealed(node, plain, { offset, key, nonce, data })
      if (!isSame(ours, theirs)) return t.fail(`${length} bytes at ${offset} with ${data.length} of data are sealed otherwise`)
      const end = offset + length + MAC_BYTES
      const mac = ours.slice(end - MAC_BYTES, end)
      if (!crypto.open(key, nonce, data, ours, offset, end)) return t.fail(`${length} bytes do not open`)
      if (!isSame(ours.subarray(offset, offset + length), plain)) return t.fail(`${length} bytes open to others`)
      if (!isSame(ours.subarray(end - MAC_BYTES, end), mac)) return t.fail('the MAC is not left in place')
      const around = [...ours.subarray(0, offset), ...ours.subarray(end)]
      if (around.some((byte) => byte !== 0xee)) return t.fail('something beside the range was written')
    }
    return t.pass()
  })

  t.test('refuses every changed byte of packet, nonce, key and data, and shows nothing of the text', async (t) => {
    for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 300, 1176]) {
      const plain = new Uint8Array(length).fill(0x41)
      const good = sealed(crypto, plain, {})
      for (let i = 0; i < good.length; i++) {
        const bytes = good.slice()
        bytes[i]! ^= 1 << (i & 7)
        const forged = bytes.slice()
        if (crypto.open(KEY, NONCE, DATA, bytes, 0, bytes.length)) return t.fail(`${length}: opened with byte ${i} changed`)
        if (!isSame(bytes, forged)) return t.fail(`${length}: what was forged at ${i} was written to`)
      }
      for (const [what, of] of Object.entries({ KEY, NONCE, DATA }))
        for (let i = 0; i < of.length; i++) {
          const other = of.map((byte, j) => (i === j ? byte ^ 0x80 : byte))
          const isOpen = crypto.open(
            what === 'KEY' ? other : KEY,
            what === 'NONCE' ? other : NONCE,
            what === 'DATA' ? other : DATA,
            good.slice(),
            0,
            good.length,
          )
          if (isOpen) return t.fail(`${length}: opened with byte ${i} of ${what} changed`)
        }
      t.ok(crypto.open(KEY, NONCE, DATA, good, 0, good.length), 'the right one opens after all these')
    }
    return undefined
  })

  t.test('leaves no trace of one packet in the next', async (t) => {
    const short = random(5)
    const expected = sealed(node, short, { data: random(0) })
    for (const length of [2048, 33, 1, 0, 1200]) {
      sealed(crypto, random(length), { data: random(32), key: random(32) })
      t.ok(isSame(sealed(crypto, short, { data: new Uint8Array(0) }), expected))
      const forged = new Uint8Array(length + MAC_BYTES).fill(0xff)
      t.notOk(crypto.open(KEY, NONCE, DATA, forged, 0, forged.length))
      t.ok(isSame(sealed(crypto, short, { data: new Uint8Array(0) }), expected))
    }
  })

  t.test('follows a caller from one memory to another', async (t) => {
    const plain = random(200)
    const expected = sealed(node, plain, {})
    const memory = new ArrayBuffer(4096)
    const arrays: Uint8Array[] = [
      new Uint8Array(216),
      new Uint8Array(memory, 8, 216),
      new Uint8Array(memory, 2001, 216),
      Buffer.alloc(216),
      Buffer.from('x'.repeat(216)), // a part of node's pool
      new Uint8Array(new SharedArrayBuffer(216)),
      new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 100, 216),
      new Uint8Array(memory, 8, 216),
    ]
    for (const sealing of arrays) {
      sealing.set(plain)
      crypto.seal(KEY, NONCE, DATA, sealing, 0, 200)
      t.ok(isSame(sealing, expected))
      for (const opening of arrays) {
        opening.set(expected)
        t.ok(crypto.open(KEY, NONCE, DATA, opening, 0, 216))
        t.ok(isSame(opening.subarray(0, 200), plain))
      }
    }
    // Small arrays begin their life inside the heap, where a collection moves them.
    for (let round = 0; round < 2000; round++) {
      const small = new Uint8Array(16 + (round % 32))
      const length = small.length - MAC_BYTES
      small.fill(round, 0, length)
      crypto.seal(KEY, NONCE, DATA, small, 0, length)
      if (!crypto.open(KEY, NONCE, DATA, small, 0, small.length) || small.subarray(0, length).some((byte) => byte !== (round & 255)))
        return t.fail(`round ${round}`)
    }
    return undefined
  })

  t.test('memory that grows, or is handed to another thread, is written to where it is', async (t) => {
    const plain = random(100)
    const expected = sealed(node, plain, {})
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 10 })
    for (let pages = 1; pages < 5; pages++) {
      const bytes = new Uint8Array(memory.buffer, pages * 1000, 116)
      bytes.set(plain)
      crypto.seal(KEY, NONCE, DATA, bytes, 0, 100)
      t.ok(isSame(bytes, expected))
      memory.grow(1)
    }
    const gone = new Uint8Array(116)
    gone.set(plain)
    crypto.seal(KEY, NONCE, DATA, gone, 0, 100)
    const there = structuredClone(gone, { transfer: [gone.buffer] })
    t.ok(isSame(there, expected))
    t.throws(() => crypto.seal(KEY, NONCE, DATA, gone, 0, 100), RangeError)
    t.notOk(crypto.open(KEY, NONCE, DATA, gone, 0, 116))
    t.ok(crypto.open(KEY, NONCE, DATA, there, 0, 116))
  })

  t.test('never reads or writes outside of the array', async (t) => {
    const bytes = new Uint8Array(100)
    for (const [start, end] of [
      [0, 85],
      [90, 100],
      [10, 5],
      [-1, 10],
      [0, 5000],
    ] as const) {
      t.throws(() => crypto.seal(KEY, NONCE, DATA, bytes, start, end), RangeError, `seal ${start} to ${end}`)
    }
    for (const [start, end] of [
      [0, 101],
      [0, 15],
      [90, 100],
      [-1, 90],
      [-20, 90],
      [0, 5000],
    ] as const)
      t.notOk(crypto.open(KEY, NONCE, DATA, bytes, start, end), `open ${start} to ${end}`)
    t.ok(bytes.every((byte) => byte === 0))
  })

  t.test('leaves what is no packet to another provider', async (t) => {
    const calls: string[] = []
    const other: Crypto = {
      name: '@noble/ciphers',
      seal: () => void calls.push('seal'),
      open: () => calls.push('open') > 0,
      sealExtended: () => void calls.push('sealExtended'),
      openExtended: () => calls.push('openExtended') > 0,
    }
    const own = createOpensslCrypto(other)
    const bytes = new Uint8Array(3000)
    own.seal(KEY, NONCE, DATA, bytes, 0, 2048)
    own.open(KEY, NONCE, DATA, bytes, 0, 2048 + MAC_BYTES)
    own.seal(KEY, NONCE, random(32), bytes, 0, 10)
    t.strictSame(calls, [])
    own.seal(KEY, NONCE, DATA, bytes, 0, 2049)
    own.open(KEY, NONCE, DATA, bytes, 0, 2049 + MAC_BYTES)
    own.seal(KEY, NONCE, random(33), bytes, 0, 10)
    own.open(KEY, NONCE, random(33), bytes, 0, 30)
    own.sealExtended(KEY, random(24), DATA, bytes, 0, 10)
    own.openExtended(KEY, random(24), DATA, bytes, 0, 30)
    t.strictSame(calls, ['seal', 'open', 'seal', 'open', 'sealExtended', 'openExtended'])
  })
})

function random(bytes: number): Uint8Array {
  const array = new Uint8Array(bytes)
  entropy.fill(array)
  return array
}

interface Sealing {
  readonly offset?: number
  readonly key?: Uint8Array
  readonly nonce?: Uint8Array
  readonly data?: Uint8Array
}

/** The text at an offset, sealed, and a few bytes that are nobody's behind it, unless it is at 0. */
function sealed(crypto: Crypto, plain: Uint8Array, { offset = 0, key = KEY, nonce = NONCE, data = DATA }: Sealing): Uint8Array {
  const bytes = new Uint8Array(offset + plain.length + MAC_BYTES + (offset === 0 ? 0 : 9)).fill(0xee)
  bytes.set(plain, offset)
  crypto.seal(key, nonce, data, bytes, offset, offset + plain.length)
  return bytes
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0
}
