// The private part of a connect token: what the backend tells the server under the key that both have (STANDARD.md, "Connect Token").
//
//     client id u64 | timeout i32 | address count u32 | addresses 7 or 19 each | client→server key 32 | server→client key 32 | user data 256 | zeros | MAC 16   = 1024 bytes
import type { Address } from '../io/address.js'
import { type Crypto, MAC_BYTES } from '../io/crypto.js'
import { readAddress, storedAddressBytes, writeAddress } from '../wire/address.js'
import { readUint32, writeUint32 } from '../wire/bytes.js'
import { KEY_BYTES, MAX_SERVER_ADDRESSES, PRIVATE_TOKEN_BYTES, USER_DATA_BYTES, VERSION } from './constants.js'

/** What the backend tells the server about a client. */
export interface PrivateToken {
  readonly clientId: bigint
  /** Seconds without a packet after which the session ends; zero or negative = never. */
  readonly timeoutSeconds: number
  readonly serverAddresses: readonly Address[]
  readonly clientToServerKey: Uint8Array
  readonly serverToClientKey: Uint8Array
  /** 256 bytes. */
  readonly userData: Uint8Array
}

/** Bytes of what a private token is bound to: version 13, protocol id 8, expiry 8. */
export const TOKEN_ASSOCIATED_DATA_BYTES = VERSION.length + 16

/** Version, protocol id and expiry in Unix seconds, as the seal covers them. */
export function tokenAssociatedData(protocolId: bigint, expireUnixSeconds: bigint): Uint8Array {
  const data = new Uint8Array(TOKEN_ASSOCIATED_DATA_BYTES)
  data.set(VERSION)
  const view = new DataView(data.buffer)
  view.setBigUint64(VERSION.length, protocolId, true)
  view.setBigUint64(VERSION.length + 8, expireUnixSeconds, true)
  return data
}

/** A sealed private token, 1024 bytes. The caller has checked the fields. */
export function sealPrivateToken(
  crypto: Crypto,
  privateKey: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  token: PrivateToken,
): Uint8Array {
  const bytes = new Uint8Array(PRIVATE_TOKEN_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, token.clientId, true)
  view.setInt32(8, token.timeoutSeconds, true)
  let at = writeAddresses(bytes, 12, token.serverAddresses)
  for (const field of [token.clientToServerKey, token.serverToClientKey, token.userData]) {
    bytes.set(field, at)
    at += field.length
  }
  crypto.sealExtended(privateKey, nonce, associatedData, bytes, 0, PRIVATE_TOKEN_BYTES - MAC_BYTES)
  return bytes
}

/** Reads a private token that was opened: its 1008 plain bytes begin at `start`. Undefined where a field is not as the standard has it. */
export function readPrivateToken(bytes: Uint8Array, start: number): PrivateToken | undefined {
  const end = start + PRIVATE_TOKEN_BYTES - MAC_BYTES
  const serverAddresses = readAddresses(bytes, start + 12, end)
  if (serverAddresses === undefined) return undefined
  const keys = start + 12 + addressListBytes(bytes, start + 12, end)
  const userData = keys + 2 * KEY_BYTES
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    clientId: view.getBigUint64(start, true),
    timeoutSeconds: view.getInt32(start + 8, true),
    serverAddresses,
    clientToServerKey: bytes.slice(keys, keys + KEY_BYTES),
    serverToClientKey: bytes.slice(keys + KEY_BYTES, userData),
    userData: bytes.slice(userData, userData + USER_DATA_BYTES),
  }
}

/** Writes the count and the addresses, and returns the offset behind them. */
export function writeAddresses(bytes: Uint8Array, at: number, addresses: readonly Address[]): number {
  let offset = writeUint32(bytes, at, addresses.length)
  for (const address of addresses) offset = writeAddress(bytes, offset, address)
  return offset
}

/** Reads what `writeAddresses` wrote; undefined unless there are 1–32 addresses of known types before `end`. */
export function readAddresses(bytes: Uint8Array, at: number, end: number): Address[] | undefined {
  const count = readUint32(bytes, at)
  if (count < 1 || count > MAX_SERVER_ADDRESSES) return undefined
  const addresses: Address[] = []
  let offset = at + 4
  for (let i = 0; i < count; i++) {
    const address = readAddress(bytes, offset, end)
    if (address === undefined) return undefined
    addresses.push(address)
    offset += storedAddressBytes(bytes, offset, end)
  }
  return addresses
}

/** Bytes of a list that `readAddresses` has read. The stored form counts: a v4-mapped address takes 19 bytes, though it is given as IPv4. */
export function addressListBytes(bytes: Uint8Array, at: number, end: number): number {
  const count = readUint32(bytes, at)
  let offset = at + 4
  for (let i = 0; i < count; i++) offset += storedAddressBytes(bytes, offset, end)
  return offset - at
}
