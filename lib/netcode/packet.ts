// Packets of types 1–6: sealed and opened in place (STANDARD.md, "Packets" and "Reading Encrypted Packets").
//
//     ┌────────┬──────────────────┬─────────────────┬────────┐
//     │ prefix │ sequence 1–8     │ body, encrypted │ MAC 16 │
//     └────────┴──────────────────┴─────────────────┴────────┘
//      type | bytes << 4     little-endian, no high zero bytes
//
// Reading is in two steps, so that the replay window can be asked before a packet costs a decryption.
import { type Crypto, MAC_BYTES } from '../io/crypto.js'
import { writeUint32 } from '../wire/bytes.js'
import {
  CHALLENGE_BODY_BYTES,
  KEEP_ALIVE_BODY_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_SENT_DATAGRAM_BYTES,
  PACKET_CHALLENGE,
  PACKET_DENIED,
  PACKET_DISCONNECT,
  PACKET_KEEP_ALIVE,
  PACKET_PAYLOAD,
  PACKET_RESPONSE,
  VERSION,
} from './constants.js'

const TWO_TO_32 = 2 ** 32
/** Prefix 1 + sequence 1 + MAC 16: nothing shorter can be a packet. */
const MIN_PACKET_BYTES = 2 + MAC_BYTES

/**
 * Seals and opens the packets of one protocol id. One serves any number of keys; it holds only scratch space.
 * After `readHeader` returned true, the fields describe that packet until the next call.
 */
export class PacketCodec {
  /** 1–6. */
  type = 0
  sequenceLow = 0
  sequenceHigh = 0
  /** Offset of the body, which is encrypted until `open` has returned true. */
  bodyStart = 0
  /** Offset behind the body. */
  bodyEnd = 0

  readonly #crypto: Crypto
  /** Version 13, protocol id 8, prefix byte 1. */
  readonly #associatedData = new Uint8Array(VERSION.length + 9)
  /** Four zero bytes and the sequence as u64. */
  readonly #nonce = new Uint8Array(12)

  constructor(crypto: Crypto, protocolId: bigint) {
    this.#crypto = crypto
    this.#associatedData.set(VERSION)
    new DataView(this.#associatedData.buffer).setBigUint64(VERSION.length, protocolId, true)
  }

  /** The sequence that was read as a double: exact below 2^53. */
  get sequence(): number {
    return this.sequenceHigh * TWO_TO_32 + this.sequenceLow
  }

  /**
   * Seals a packet whose body was written at `bytes[1 + sequence bytes]` (see `packetBodyOffset`); returns the datagram's length.
   * Throws a RangeError where `bytes` has no room for it.
   */
  seal(key: Uint8Array, type: number, sequenceLow: number, sequenceHigh: number, bytes: Uint8Array, bodyBytes: number): number {
    const sequenceBytes = countSequenceBytes(sequenceLow, sequenceHigh)
    const bodyStart = 1 + sequenceBytes
    const bodyEnd = bodyStart + bodyBytes
    const length = bodyEnd + MAC_BYTES
    if (bytes.length < length) throw new RangeError(`"out" expected at least ${length} bytes, got ${bytes.length}`)
    bytes[0] = type | (sequenceBytes << 4)
    for (let i = 0; i < sequenceBytes; i++) bytes[1 + i] = i < 4 ? sequenceLow >>> (i * 8) : sequenceHigh >>> ((i - 4) * 8)
    this.#setContext(bytes[0]!, sequenceLow, sequenceHigh)
    this.#crypto.seal(key, this.#nonce, this.#associatedData, bytes, bodyStart, bodyEnd)
    return length
  }

  /** Checks all that can be checked without a key: type, a minimal sequence, the size that the type must have. */
  readHeader(bytes: Uint8Array, length: number): boolean {
    if (length < MIN_PACKET_BYTES || length > bytes.length) return false
    const prefix = bytes[0]!
    const sequenceBytes = prefix >>> 4
    if (sequenceBytes < 1 || sequenceBytes > 8) return false
    // Padded with high zeros, one sequence would have several spellings; the standard's writer never does that.
    if (sequenceBytes > 1 && bytes[sequenceBytes] === 0) return false
    const bodyStart = 1 + sequenceBytes
    const bodyEnd = length - MAC_BYTES
    if (!isBodySize(prefix & 15, bodyEnd - bodyStart)) return false

    let low = 0
    let high = 0
    for (let i = 0; i < sequenceBytes; i++) {
      if (i < 4) low |= bytes[1 + i]! << (i * 8)
      else high |= bytes[1 + i]! << ((i - 4) * 8)
    }
    this.type = prefix & 15
    this.sequenceLow = low >>> 0
    this.sequenceHigh = high >>> 0
    this.bodyStart = bodyStart
    this.bodyEnd = bodyEnd
    return true
  }

  /** Opens in place the packet whose header was read last. False where it was not sealed with `key`, or was changed. */
  open(key: Uint8Array, bytes: Uint8Array): boolean {
    this.#setContext(bytes[0]!, this.sequenceLow, this.sequenceHigh)
    return this.#crypto.open(key, this.#nonce, this.#associatedData, bytes, this.bodyStart, this.bodyEnd + MAC_BYTES)
  }

  #setContext(prefix: number, sequenceLow: number, sequenceHigh: number): void {
    this.#associatedData[VERSION.length + 8] = prefix
    writeUint32(this.#nonce, 4, sequenceLow)
    writeUint32(this.#nonce, 8, sequenceHigh)
  }
}

/** Where the body of a packet with this sequence begins: 1 + its bytes. `sequence` is a whole number below 2^53. */
export function packetBodyOffset(sequence: number): number {
  return 1 + countSequenceBytes(sequence >>> 0, Math.floor(sequence / TWO_TO_32))
}

/** The payload that fills a datagram of 1200 bytes under this sequence: 1183 − sequence bytes. */
export function maxPayloadBytesAt(sequence: number): number {
  return MAX_SENT_DATAGRAM_BYTES - packetBodyOffset(sequence) - MAC_BYTES
}

/** Throws a RangeError unless the payload's size is one that the standard allows. */
export function assertPayloadBytes(payloadBytes: number): void {
  if (Number.isInteger(payloadBytes) && payloadBytes >= 1 && payloadBytes <= MAX_PAYLOAD_BYTES) return
  throw new RangeError(`"payloadBytes" expected integer 1–${MAX_PAYLOAD_BYTES}, got ${payloadBytes}`)
}

/** The least number of bytes that holds the sequence; 1 for zero. */
function countSequenceBytes(low: number, high: number): number {
  if (high === 0) return low < 0x100 ? 1 : low < 0x10000 ? 2 : low < 0x1000000 ? 3 : 4
  return high < 0x100 ? 5 : high < 0x10000 ? 6 : high < 0x1000000 ? 7 : 8
}

function isBodySize(type: number, bytes: number): boolean {
  switch (type) {
    case PACKET_DENIED:
    case PACKET_DISCONNECT:
      return bytes === 0
    case PACKET_CHALLENGE:
    case PACKET_RESPONSE:
      return bytes === CHALLENGE_BODY_BYTES
    case PACKET_KEEP_ALIVE:
      return bytes === KEEP_ALIVE_BODY_BYTES
    case PACKET_PAYLOAD:
      return bytes >= 1 && bytes <= MAX_PAYLOAD_BYTES
    default:
      return false
  }
}
