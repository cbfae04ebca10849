// Keys and tokens as people keep them: files, standard input, the environment; raw, base64 or hex.
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { CONNECT_TOKEN_BYTES, KEY_BYTES } from 'tickwire/netcode'
import { UsageError } from './command.js'

const DEFAULT_VARIABLE = 'TICKWIRE_PRIVATE_KEY'

/** The private key that `--key` names: a file, `-`, `env` or `env:NAME`. */
export async function readKey(source: string): Promise<Uint8Array> {
  const variable = source === 'env' ? DEFAULT_VARIABLE : source.startsWith('env:') ? source.slice(4) : undefined
  const text = variable === undefined ? undefined : process.env[variable]
  if (variable !== undefined && text === undefined)
    throw new UsageError(`--key ${source} expected the environment variable ${variable}, which is not set`)
  const bytes = text === undefined ? await readBytes(source) : Buffer.from(text)
  const key = decodeKey(bytes)
  if (key !== undefined) return key
  throw new UsageError(
    `--key ${source} expected ${KEY_BYTES} bytes, raw, as base64 or as ${2 * KEY_BYTES} hex digits, got ${bytes.length} bytes that are none of these; tickwire token key makes one`,
  )
}

/** A connect token from a file or standard input. What it is not is left to whoever reads it. */
export async function readToken(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path)
  return bytes.length === CONNECT_TOKEN_BYTES ? bytes : (decodeBase64(bytes, CONNECT_TOKEN_BYTES) ?? bytes)
}

/** The bytes of a file, or of standard input for `-`. */
export async function readBytes(path: string): Promise<Uint8Array> {
  if (path === '-') return buffer(process.stdin)
  try {
    return await readFile(path)
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** 32 raw bytes, their base64 or their hex digits; undefined for anything else. */
export function decodeKey(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length === KEY_BYTES) return bytes
  const text = Buffer.from(bytes).toString('latin1').trim()
  if (text.length === 2 * KEY_BYTES && /^[0-9a-f]+$/i.test(text)) return Buffer.from(text, 'hex')
  return decodeBase64(bytes, KEY_BYTES)
}

function decodeBase64(bytes: Uint8Array, expected: number): Uint8Array | undefined {
  const text = Buffer.from(bytes).toString('latin1').replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined
  const decoded = Buffer.from(text, 'base64') // takes base64url too
  return decoded.length === expected ? decoded : undefined
}
