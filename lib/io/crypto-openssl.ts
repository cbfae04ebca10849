// ChaCha20-Poly1305 (RFC 8439, section 2.8) from its two parts in node's own OpenSSL, called directly by koffi: 0.4–0.8 µs a packet, and no object for any of them.
// node:crypto makes a cipher for each packet, which takes ten times as long. The parts are exported by node's executable, though not promised: where they are not,
// or do not reproduce the test vectors, the next provider is used.
import { createRequire } from 'node:module'
import { isArrayBuffer } from 'node:util/types'
import { type Crypto, MAC_BYTES } from './crypto.js'

interface Koffi {
  load(path: null): { func(definition: string): (...parameters: number[]) => number }
  address(memory: ArrayBuffer): bigint
}

/**
 * What is sealed stands in memory of our own, so that one call makes the key of the MAC and the text, and one takes all that is authenticated:
 *
 *     0            32       64
 *     ┌────────────┬────────┬──────────────────┬──────────────────┐
 *     │ 64 zeros            │ plain text       │                  │   before ChaCha20: block 0 gives the one-time key, the text begins with block 1
 *     │ key of MAC │ …      │ sealed text      │                  │   behind it
 *     │            │ data   │ sealed text      │ zeros │ lengths  │   before Poly1305
 *     └────────────┴────────┴──────────────────┴──────────────────┘
 */
const DATA = 32
const TEXT = 64

/** The longest text that has room; larger ones are no packets, and left to another provider. */
const MAX_TEXT_BYTES = 2048
/** Associated data, padded: netcode's has 22 bytes. */
const MAX_DATA_BYTES = TEXT - DATA
/** Text, its padding, and two lengths as u64. */
const ROOM = TEXT + MAX_TEXT_BYTES + 16 + 16

/** OpenSSL's Poly1305 keeps its state in at most this much, or is another one than is known here. */
const MAX_STATE_BYTES = 512

/** Loads koffi and finds the parts. Throws where they are not. `other` does what is no packet. */
export function createOpensslCrypto(other: Crypto): Crypto {
  const { versions } = process
  if (!/^3\./.test(versions.openssl) || versions.electron !== undefined || versions.bun !== undefined)
    throw new Error('this runtime does not have OpenSSL 3')
  return new OpensslCrypto(createRequire(import.meta.url)('koffi') as Koffi, other)
}

class OpensslCrypto implements Crypto {
  readonly name = 'openssl'
  readonly #koffi: Koffi
  readonly #other: Crypto
  readonly #copy: (target: number, source: number, bytes: number) => number
  readonly #chacha: (target: number, source: number, bytes: number, key: number, counter: number) => number
  readonly #polyInit: (state: number, key: number) => number
  readonly #polyUpdate: (state: number, source: number, bytes: number) => number
  readonly #polyFinal: (state: number, mac: number) => number
  readonly #room = new Uint8Array(ROOM)
  readonly #roomView = new DataView(this.#room.buffer)
  readonly #zeros = new Float64Array(this.#room.buffer, 0, TEXT / 8)
  readonly #opened = new Uint8Array(TEXT + MAX_TEXT_BYTES)
  readonly #context = new Uint8Array(64 + MAX_STATE_BYTES)
  /** Addresses of these: the room, the opened text, the key (32 bytes), counter and nonce (16), the MAC (16) and the state of Poly1305. */
  readonly #roomAt: number
  readonly #openedAt: number
  readonly #keyAt: number
  readonly #counterAt: number
  readonly #stateAt: number
  /** The memory of the last packet (koffi takes no shared one) and where it is, sealed and opened: nearly always that of the one before. */
  #source: ArrayBufferLike | undefined
  #sourceAt = 0
  #target: ArrayBufferLike | undefined
  #targetAt = 0

  constructor(koffi: Koffi, other: Crypto) {
    const library = koffi.load(null)
    this.#koffi = koffi
    this.#other = other
    this.#copy = library.func('void memcpy(uintptr_t target, uintptr_t source, size_t bytes)')
    this.#chacha = library.func('void ChaCha20_ctr32(uintptr_t out, uintptr_t in, size_t bytes, uintptr_t key, uintptr_t counter)')
    this.#polyInit = library.func('void Poly1305_Init(uintptr_t state, uintptr_t key)')
    this.#polyUpdate = library.func('void Poly1305_Update(uintptr_t state, uintptr_t in, size_t bytes)')
    this.#polyFinal = library.func('void Poly1305_Final(uintptr_t state, uintptr_t mac)')
    if (library.func('size_t Poly1305_ctx_size()')() > MAX_STATE_BYTES) throw new Error('the state of Poly1305 is larger than expected')
    this.#roomAt = Number(koffi.address(this.#room.buffer))
    this.#openedAt = Number(koffi.address(this.#opened.buffer))
    this.#keyAt = Number(koffi.address(this.#context.buffer))
    this.#counterAt = this.#keyAt + 32
    this.#stateAt = this.#keyAt + 64
  }

  seal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (start < 0 || length < 0 || end + MAC_BYTES > bytes.length)
      throw new RangeError(`"bytes" expected room up to ${end + MAC_BYTES}, got ${bytes.length}`)
    if (length > MAX_TEXT_BYTES || associatedData.length > MAX_DATA_BYTES) {
      this.#other.seal(key, nonce, associatedData, bytes, start, end)
      return
    }
    if (bytes.buffer !== this.#target) {
      if (!isArrayBuffer(bytes.buffer)) {
        this.#other.seal(key, nonce, associatedData, bytes, start, end)
        return
      }
      this.#targetAt = Number(this.#koffi.address(bytes.buffer))
      this.#target = bytes.buffer
    }
    const at = this.#targetAt + bytes.byteOffset + start
    this.#setKey(key, nonce)
    this.#copy(this.#roomAt + TEXT, at, length)
    this.#zeros.fill(0)
    this.#chacha(this.#roomAt, this.#roomAt, TEXT + length, this.#keyAt, this.#counterAt)
    this.#polyInit(this.#stateAt, this.#roomAt)
    this.#authenticate(associatedData, length)
    this.#polyFinal(this.#stateAt, this.#roomAt + TEXT + length)
    this.#copy(at, this.#roomAt + TEXT, length + MAC_BYTES)
  }

  open(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start - MAC_BYTES
    if (start < 0 || length < 0 || end > bytes.length) return false
    if (length > MAX_TEXT_BYTES || associatedData.length > MAX_DATA_BYTES)
      return this.#other.open(key, nonce, associatedData, bytes, start, end)
    if (bytes.buffer !== this.#source) {
      if (!isArrayBuffer(bytes.buffer)) return this.#other.open(key, nonce, associatedData, bytes, start, end)
      this.#sourceAt = Number(this.#koffi.address(bytes.buffer))
      this.#source = bytes.buffer
    }
    const at = this.#sourceAt + bytes.byteOffset + start
    this.#setKey(key, nonce)
    this.#copy(this.#roomAt + TEXT, at, length)
    this.#zeros.fill(0)
    this.#chacha(this.#openedAt, this.#roomAt, TEXT + length, this.#keyAt, this.#counterAt)
    this.#polyInit(this.#stateAt, this.#openedAt)
    this.#authenticate(associatedData, length)
    this.#polyFinal(this.#stateAt, this.#roomAt + TEXT + length)
    let difference = 0 // every byte is looked at, so that the time tells nothing
    for (let i = 0; i < MAC_BYTES; i++) difference |= bytes[start + length + i]! ^ this.#room[TEXT + length + i]!
    if (difference !== 0) return false
    this.#copy(at, this.#openedAt + TEXT, length)
    return true
  }

  sealExtended(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    this.#other.sealExtended(key, nonce, associatedData, bytes, start, end)
  }

  openExtended(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#other.openExtended(key, nonce, associatedData, bytes, start, end)
  }

  /** The key, and the counter of block 0 with the nonce behind it. */
  #setKey(key: Uint8Array, nonce: Uint8Array): void {
    const context = this.#context
    for (let i = 0; i < 32; i++) context[i] = key[i]!
    for (let i = 0; i < 12; i++) context[36 + i] = nonce[i]!
  }

  /** Lays the associated data before the sealed text and the lengths behind it, and takes the MAC of them all. */
  #authenticate(data: Uint8Array, length: number): void {
    const room = this.#room
    const dataBytes = data.length
    const dataAt = TEXT - ((dataBytes + 15) & ~15)
    for (let i = 0; dataAt + i < TEXT; i++) room[dataAt + i] = i < dataBytes ? data[i]! : 0
    const lengthsAt = TEXT + ((length + 15) & ~15)
    for (let i = TEXT + length; i < lengthsAt; i++) room[i] = 0
    this.#roomView.setUint32(lengthsAt, dataBytes, true)
    this.#roomView.setUint32(lengthsAt + 4, 0, true)
    this.#roomView.setUint32(lengthsAt + 8, length, true)
    this.#roomView.setUint32(lengthsAt + 12, 0, true)
    this.#polyUpdate(this.#stateAt, this.#roomAt + dataAt, lengthsAt + 16 - dataAt)
  }
}
