// The backend: POST /login with a name and a password gives a connect token. It has the servers' private key; players never do.
// On 127.0.0.1 and over HTTP, as this is an example: a token holds the keys of its session, so that in production this is HTTPS.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createConnectToken } from 'tickwire'
import type { Accounts } from './accounts.js'
import { GAME, writeTokenData } from './messages.js'

const MAX_BODY_BYTES = 1024

/** Wrong passwords from one address before it is told to wait, and for how long. */
const MAX_FAILURES = 10
const FAILURES_MS = 60_000

export interface BackendOptions {
  readonly accounts: Accounts
  readonly privateKey: Uint8Array
  /** Where the tokens lead to, as `host:port`. */
  readonly gameServers: readonly string[]
  /** How long a token may be used to connect. */
  readonly expiresInSeconds?: number
}

export interface Backend {
  readonly url: string
  close(): Promise<void>
}

/** Resolves when it listens, on a free port of 127.0.0.1. */
export async function openBackend(options: BackendOptions): Promise<Backend> {
  const failures = new Failures()
  const http = createServer((request, response) => {
    answer(request, response, options, failures).catch((error: unknown) => {
      console.error(error)
      end(response, 500, 'the backend failed')
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, // it listens on a port, not on a pipe
    close: () => new Promise((resolve) => http.close(() => resolve())),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { accounts, privateKey, gameServers, expiresInSeconds }: BackendOptions,
  failures: Failures,
): Promise<void> {
  const address = request.socket.remoteAddress ?? ''
  if (request.method !== 'POST' || request.url !== '/login') return end(response, 404, 'expected POST /login')
  if (failures.isTooMany(address)) return end(response, 429, 'too many wrong passwords: wait a minute')
  const login = readLogin(await readBody(request))
  if (login === undefined) return end(response, 400, 'expected {"name": "…", "password": "…"}')

  const account = await accounts.check(login.name, login.password)
  if (account === undefined) {
    failures.add(address)
    return end(response, 401, 'wrong name or password')
  }
  const token = createConnectToken({
    game: GAME,
    privateKey,
    addresses: gameServers,
    clientId: account.id,
    tokenData: writeTokenData({ name: account.name, role: account.role }),
    ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
  })
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' }).end(token)
}

function end(response: ServerResponse, status: number, text: string): void {
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(text)
}

/** Undefined where it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length // no encoding is set, so chunks are Buffers
    if (bytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What the body asks for; undefined where it is something else. */
export function readLogin(body: string | undefined): { readonly name: string; readonly password: string } | undefined {
  try {
    const login: unknown = JSON.parse(body ?? '')
    if (typeof login !== 'object' || login === null || !('name' in login) || !('password' in login)) return undefined
    const { name, password } = login
    return typeof name === 'string' && typeof password === 'string' ? { name, password } : undefined
  } catch {
    return undefined
  }
}

class Failures {
  readonly #counts = new Map<string, number>()
  #since = performance.now()

  add(address: string): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
  }

  isTooMany(address: string): boolean {
    if (performance.now() - this.#since > FAILURES_MS) {
      this.#counts.clear()
      this.#since = performance.now()
    }
    return (this.#counts.get(address) ?? 0) >= MAX_FAILURES
  }
}
