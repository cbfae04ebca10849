// `tickwire token`: makes private keys, mints connect tokens, and says what is in one.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createConnectToken } from 'tickwire'
import { CONNECT_TOKEN_BYTES, KEY_BYTES, readConnectToken, systemEntropy } from 'tickwire/netcode'
import { type Command, EXIT, parseUsage, readArguments, readInteger, UsageError } from '../command.js'
import { readBytes, readKey, readToken } from '../key-files.js'
import { nearest } from '../nearest.js'
import type { Terminal } from '../terminal.js'
import { inspectToken, tokenJson, tokenLines } from '../token-report.js'

const HELP = `tickwire token key [--out FILE]
tickwire token mint --game NAME --address HOST:PORT --client-id N --key KEY [options]
tickwire token inspect FILE|- [--key KEY] [options]

key makes the 32 bytes that a backend and its game servers share (the option privateKey of Server). Whoever has them can let anybody in.
mint makes a connect token, which opens one session. It holds the session's keys: it goes to its player over HTTPS and to nobody else.
inspect says what is in a token: what anybody can read, and with the private key also what only the server can.

  --out FILE         write into a new file that only its owner may read, not to standard output (key, mint)
  --format FORM      base64 or raw, for what is written (base64; key, mint)
  --game NAME        the option game of the server (mint); with inspect: says whether the token is for this game
  --address A        where the client reaches the server, as 203.0.113.7:9000 or [2001:db8::1]:9000; may be repeated, tried in this order (mint)
  --client-id N      0 to 2^64 − 1, one of its own for every player (mint)
  --key KEY          a file with 32 bytes, raw, as base64 or as 64 hex digits; - for standard input; env for the variable TICKWIRE_PRIVATE_KEY, env:NAME for another
  --user-data TEXT   at most 256 bytes for the server (peer.tokenData); @FILE takes them from a file (mint)
  --expires S        how long the token may be used to connect, in seconds (30; mint)
  --timeout S        without a packet for this long the session ends, in seconds (10; mint)
  --show-keys        print the session's keys too: with them, anybody can read and forge its packets (inspect)
  --json             one JSON value

inspect takes tokens raw or as base64. Exit codes: 0 fine; 1 a token that cannot be read, or not with this key; 2 wrong usage.`

const OPTIONS = {
  out: { type: 'string' },
  format: { type: 'string' },
  game: { type: 'string' },
  address: { type: 'string', multiple: true },
  'client-id': { type: 'string' },
  key: { type: 'string' },
  'user-data': { type: 'string' },
  expires: { type: 'string' },
  timeout: { type: 'string' },
  'show-keys': { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** Which options each of them takes. */
const TAKES = {
  key: ['out', 'format', 'json'],
  mint: ['out', 'format', 'json', 'game', 'address', 'client-id', 'key', 'user-data', 'expires', 'timeout'],
  inspect: ['json', 'game', 'key', 'show-keys'],
} as const

type Verb = keyof typeof TAKES
type Values = ReturnType<typeof readValues>['values']

export const token: Command = {
  help: HELP,
  async run([verb, ...args], terminal) {
    if (!isVerb(verb))
      throw new UsageError(
        `token expected key, mint or inspect${verb === undefined ? '' : `, got ${JSON.stringify(verb)}${suggestion(verb)}`}`,
      )
    const { values, positionals } = readValues(args)
    const takes: readonly string[] = TAKES[verb]
    const odd = Object.keys(values).find((name) => !takes.includes(name))
    if (odd !== undefined) throw new UsageError(`token ${verb} takes no --${odd}`)
    if (verb === 'inspect') return inspect(values, positionals, terminal)
    if (positionals.length > 0) throw new UsageError(`token ${verb} takes options only, got ${JSON.stringify(positionals[0])}`)
    return verb === 'key' ? makeKey(values, terminal) : mint(values, terminal)
  },
}

function makeKey(values: Values, terminal: Terminal): number {
  const key = new Uint8Array(KEY_BYTES)
  systemEntropy.fill(key)
  deliver(key, values, terminal, values.json ? { key: base64(key) } : undefined)
  return EXIT.fine
}

async function mint(values: Values, terminal: Terminal): Promise<number> {
  const game = required('game', values.game)
  const addresses = required('address', values.address)
  const clientId = readClientId(required('client-id', values['client-id']))
  const expiresInSeconds = readInteger('expires', values.expires, 30, 1, 2 ** 31 - 1)
  const timeoutSeconds = readInteger('timeout', values.timeout, 10, 1, 2 ** 31 - 1)
  const privateKey = await readKey(required('key', values.key))
  const tokenData = await readUserData(values['user-data'])
  const bytes = parseUsage(() =>
    createConnectToken({ game, privateKey, addresses, clientId, expiresInSeconds, timeoutSeconds, ...(tokenData && { tokenData }) }),
  )
  const { createUnixSeconds, expireUnixSeconds } = readConnectToken(bytes)!
  const json = {
    token: base64(bytes),
    game,
    clientId: clientId.toString(),
    addresses,
    created: new Date(Number(createUnixSeconds) * 1000).toISOString(),
    expires: new Date(Number(expireUnixSeconds) * 1000).toISOString(),
  }
  deliver(bytes, values, terminal, values.json ? json : undefined)
  return EXIT.fine
}

async function inspect(values: Values, positionals: readonly string[], terminal: Terminal): Promise<number> {
  const [path] = positionals
  if (path === undefined || positionals.length > 1) throw new UsageError('token inspect expected one FILE, or - for standard input')
  if (path === '-' && values.key === '-')
    throw new UsageError('standard input is the token or the key, not both: give one of them as a file')
  const privateKey = values.key === undefined ? undefined : await readKey(values.key)
  const bytes = await readToken(path)
  const report = inspectToken(bytes, { privateKey, game: values.game, nowUnixSeconds: Math.floor(Date.now() / 1000) })
  if (report === undefined) {
    const text = `expected the ${CONNECT_TOKEN_BYTES} bytes of a netcode 1.02 connect token, raw or as base64, got ${bytes.length} bytes that are none`
    if (values.json) terminal.printJson({ error: text })
    else terminal.note(`tickwire token: ${text}`)
    return EXIT.notSo
  }
  const showsKeys = values['show-keys'] ?? false
  if (values.json) terminal.printJson(tokenJson(report, showsKeys))
  else for (const line of tokenLines(report, showsKeys)) terminal.print(line)
  if (report.sealed !== 'does not open') return EXIT.fine
  if (!values.json)
    terminal.note(
      'The private part does not open with this key: it was minted with another one, or its public fields have been changed since.',
    )
  return EXIT.notSo
}

/** To a file or to standard output, in the form that was asked for. */
function deliver(bytes: Uint8Array, { out, format = 'base64' }: Values, terminal: Terminal, json: unknown): void {
  if (format !== 'base64' && format !== 'raw') throw new UsageError(`--format expected base64 or raw, got ${JSON.stringify(format)}`)
  const content = format === 'raw' ? bytes : `${base64(bytes)}\n`
  if (out !== undefined) writeNew(out, content)
  if (json !== undefined) terminal.printJson(json)
  else if (out !== undefined) terminal.note(`written to ${out}`)
  else terminal.write(content)
}

function writeNew(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    throw new Error(
      isThere ? `${path} exists, and is not overwritten: give another --out` : `cannot write ${path}: ${(error as Error).message}`,
    )
  }
}

async function readUserData(text: string | undefined): Promise<Uint8Array | undefined> {
  return text?.startsWith('@') ? readBytes(text.slice(1)) : text === undefined ? undefined : new TextEncoder().encode(text)
}

function readClientId(text: string): bigint {
  const id = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n
  if (id >= 0n && id < 2n ** 64n) return id
  throw new UsageError(`--client-id expected a whole number from 0 to 2^64 − 1, got ${JSON.stringify(text)}`)
}

function required<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new UsageError(`token mint needs --${name}`)
  return value
}

function readValues(args: readonly string[]) {
  return readArguments(OPTIONS, () => parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true }))
}

function isVerb(text: string | undefined): text is Verb {
  return text !== undefined && Object.hasOwn(TAKES, text)
}

function suggestion(verb: string): string {
  const near = nearest(verb, Object.keys(TAKES))
  return near === undefined ? '' : `; did you mean ${near}?`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
