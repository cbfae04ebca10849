import { randomBytes } from 'node:crypto'
import t from 'tap'
import { type Crypto, MAC_BYTES } from '../../lib/io/crypto.js'
import { availableCrypto, selectCrypto, tryCrypto } from '../../lib/io/select-crypto.js'

const PLAIN = new TextEncoder().encode(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
)
const KEY = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
const ASSOCIATED_DATA = fromHex('50515253c0c1c2c3c4c5c6c7')

/** RFC 8439, section 2.8.2. */
const NONCE = fromHex('070000004041424344454647')
const SEALED =
  'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
  '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116' +
  '1ae10b594f09e26a7e902ecbd0600691'

/** draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
const EXTENDED_NONCE = fromHex('404142434445464748494a4b4c4d4e4f5051525354555657')
const EXTENDED_SEALED =
  'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452' +
  '2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e' +
  'c0875924c1c7987947deafd8780acf49'

const providers = availableCrypto()

for (const { name, crypto, reason } of providers) {
  if (crypto === undefined) {
    t.comment(`${name} is left out: ${reason}`)
    continue
  }

  t.test(`${name} seals the vector of RFC 8439 as published`, async (t) => {
    const bytes = withMac(PLAIN)
    crypto.seal(KEY, NONCE, ASSOCIATED_DATA, bytes, 0, PLAIN.length)
    t.equal(toHex(bytes), SEALED)
    t.ok(crypto.open(KEY, NONCE, ASSOCIATED_DATA, bytes, 0, bytes.length))
    t.same(bytes.subarray(0, PLAIN.length), PLAIN)
  })

  t.test(`${name} seals the vector of the XChaCha20 draft as published`, async (t) => {
    const bytes = withMac(PLAIN)
    crypto.sealExtended(KEY, EXTENDED_NONCE, ASSOCIATED_DATA, bytes, 0, PLAIN.length)
    t.equal(toHex(bytes), EXTENDED_SEALED)
    t.ok(crypto.openExtended(KEY, EXTENDED_NONCE, ASSOCIATED_DATA, bytes, 0, bytes.length))
    t.same(bytes.subarray(0, PLAIN.length), PLAIN)
  })

  t.test(`${name} refuses every changed byte, and what is too short`, async (t) => {
    for (const isExtended of [false, true]) {
      const sealed = seal(crypto, isExtended, PLAIN, 0)
      for (let i = 0; i < sealed.length; i++) {
        const bytes = sealed.slice()
        bytes[i]! ^= 0x40
        if (open(crypto, isExtended, bytes, 0, bytes.length)) t.fail(`opened with byte ${i} changed`)
      }
      t.notOk(open(crypto, isExtended, sealed.slice(0, -1), 0, sealed.length - 1), 'cut off by a byte')
      for (let length = 0; length < MAC_BYTES; length++) t.notOk(open(crypto, isExtended, sealed.slice(), 0, length), `${length} bytes`)
    }
  })

  t.test(`${name} refuses another key, nonce or associated data`, async (t) => {
    const sealed = seal(crypto, false, PLAIN, 0)
    t.notOk(
      crypto.open(
        KEY.map((byte) => byte ^ 1),
        NONCE,
        ASSOCIATED_DATA,
        sealed.slice(),
        0,
        sealed.length,
      ),
    )
    t.notOk(
      crypto.open(
        KEY,
        NONCE.map((byte) => byte ^ 1),
        ASSOCIATED_DATA,
        sealed.slice(),
        0,
        sealed.length,
      ),
    )
    t.notOk(crypto.open(KEY, NONCE, ASSOCIATED_DATA.slice(1), sealed.slice(), 0, sealed.length))
  })

  t.test(`${name} touches nothing outside its range, and leaves the MAC in place when it opens`, async (t) => {
    for (const isExtended of [false, true]) {
      const bytes = new Uint8Array(300).fill(0xee)
      const start = 7
      const end = start + PLAIN.length
      bytes.set(PLAIN, start)
      sealRange(crypto, isExtended, bytes, start, end)
      t.same(bytes.subarray(0, start), new Uint8Array(start).fill(0xee))
      t.same(bytes.subarray(end + MAC_BYTES), new Uint8Array(300 - end - MAC_BYTES).fill(0xee))
      const mac = bytes.slice(end, end + MAC_BYTES)
      t.ok(open(crypto, isExtended, bytes, start, end + MAC_BYTES))
      t.same(bytes.subarray(start, end), PLAIN)
      t.same(bytes.subarray(end, end + MAC_BYTES), mac, 'the MAC by which a connect token is known')
      t.same(bytes.subarray(0, start), new Uint8Array(start).fill(0xee))
      t.same(bytes.subarray(end + MAC_BYTES), new Uint8Array(300 - end - MAC_BYTES).fill(0xee))
    }
  })

  t.test(`${name} seals and opens an empty body, with and without associated data`, async (t) => {
    for (const associatedData of [ASSOCIATED_DATA, new Uint8Array(0)]) {
      const bytes = new Uint8Array(MAC_BYTES)
      crypto.seal(KEY, NONCE, associatedData, bytes, 0, 0)
      t.not(toHex(bytes), '0'.repeat(32))
      t.ok(crypto.open(KEY, NONCE, associatedData, bytes, 0, MAC_BYTES))
      bytes[3]! ^= 1
      t.notOk(crypto.open(KEY, NONCE, associatedData, bytes, 0, MAC_BYTES))
    }
  })
}

t.test('all providers seal random packets to the same bytes, and open each other’s', async (t) => {
  const usable = providers.flatMap(({ crypto }) => crypto ?? [])
  const wrong: string[] = [] // an assertion for each would cost more than the sealing
  for (let round = 0; round < 150; round++) {
    const plain = new Uint8Array(randomBytes((round * 37) % 1210))
    const offset = round % 5
    for (const isExtended of [false, true]) {
      const sealed = usable.map((crypto) => toHex(seal(crypto, isExtended, plain, offset)))
      const name = `${plain.length} bytes at offset ${offset}`
      if (new Set(sealed).size !== 1) wrong.push(`${name}: sealed differently`)
      for (const crypto of usable) {
        const bytes = fromHex(sealed[0]!)
        if (!open(crypto, isExtended, bytes, offset, bytes.length)) wrong.push(`${name}: ${crypto.name} does not open it`)
        if (Buffer.compare(bytes.subarray(offset, offset + plain.length), plain) !== 0)
          wrong.push(`${name}: ${crypto.name} opens it wrongly`)
      }
    }
  }
  t.ok(usable.length > 1, `${usable.length} providers`)
  t.strictSame(wrong, [])
})

t.test('selects the fastest provider that works, or the preferred one', async (t) => {
  const fastest = providers.find(({ crypto }) => crypto !== undefined)
  t.equal(selectCrypto(), fastest?.crypto)
  t.equal(selectCrypto(), selectCrypto(), 'made once')
  t.equal(selectCrypto('@noble/ciphers').name, '@noble/ciphers')
  t.equal(selectCrypto('node:crypto').name, 'node:crypto')
})

t.test('a provider that cannot be loaded, gives wrong bytes or opens anything is not used', async (t) => {
  const real = selectCrypto('@noble/ciphers')
  const missing = tryCrypto('sodium-native', () => {
    throw new Error("Cannot find module 'sodium-native'\nRequire stack: …")
  })
  t.match(missing, { name: 'sodium-native', reason: "threw: Cannot find module 'sodium-native'" })
  t.equal(missing.crypto, undefined)

  const changed = (part: Partial<Crypto>): Crypto => ({
    name: real.name,
    seal: (...of) => real.seal(...of),
    open: (...of) => real.open(...of),
    sealExtended: (...of) => real.sealExtended(...of),
    openExtended: (...of) => real.openExtended(...of),
    ...part,
  })
  t.equal(tryCrypto('node:crypto', () => changed({})).reason, 'reproduced the test vectors')
  t.equal(tryCrypto('node:crypto', () => changed({ seal: () => {} })).reason, 'gave wrong bytes for a test vector')
  t.equal(tryCrypto('node:crypto', () => changed({ sealExtended: () => {} })).reason, 'gave wrong bytes for a test vector')
  const openAnything = (...[key, nonce, data, bytes, start, end]: Parameters<Crypto['open']>) => {
    real.open(key, nonce, data, bytes, start, end)
    return true
  }
  t.equal(tryCrypto('node:crypto', () => changed({ open: openAnything })).reason, 'gave wrong bytes for a test vector')
})

function seal(crypto: Crypto, isExtended: boolean, plain: Uint8Array, offset: number): Uint8Array {
  const bytes = new Uint8Array(offset + plain.length + MAC_BYTES)
  bytes.set(plain, offset)
  sealRange(crypto, isExtended, bytes, offset, offset + plain.length)
  return bytes
}

function sealRange(crypto: Crypto, isExtended: boolean, bytes: Uint8Array, start: number, end: number): void {
  if (isExtended) crypto.sealExtended(KEY, EXTENDED_NONCE, ASSOCIATED_DATA, bytes, start, end)
  else crypto.seal(KEY, NONCE, ASSOCIATED_DATA, bytes, start, end)
}

function open(crypto: Crypto, isExtended: boolean, bytes: Uint8Array, start: number, end: number): boolean {
  if (isExtended) return crypto.openExtended(KEY, EXTENDED_NONCE, ASSOCIATED_DATA, bytes, start, end)
  return crypto.open(KEY, NONCE, ASSOCIATED_DATA, bytes, start, end)
}

function withMac(plain: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(plain.length + MAC_BYTES)
  bytes.set(plain)
  return bytes
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
