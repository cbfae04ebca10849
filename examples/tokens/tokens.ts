// `tokens.js`: a backend, a game server and players in one process. One player gets in; then everything that must not work is tried.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectOptions, createConnectToken, NetworkError } from 'tickwire'
import { readCommandLine } from '../command-line.js'
import { Accounts } from './accounts.js'
import { openBackend } from './backend.js'
import { createClient, login } from './client.js'
import { openGameServer } from './game-server.js'
import { GAME, Greeting } from './messages.js'

readCommandLine('node dist/examples/tokens/tokens.js', {})

const privateKey = randomBytes(32) // from your secret store: the same for the backend and its game servers
const accounts = new Accounts()
await accounts.add('ada', 'correct horse', 'admin')
await accounts.add('bob', 'battery staple', 'player')
const server = await openGameServer(privateKey, console.log)
const { host, port } = server.address!
const gameServers = [`${host}:${port}`]
const backend = await openBackend({ accounts, privateKey, gameServers })
const hasty = await openBackend({ accounts, privateKey, gameServers, expiresInSeconds: 1 })

try {
  const used = await play()
  await Promise.all([
    refused('a wrong password', { token: () => login(backend.url, 'ada', 'wrong horse') }),
    refused('an unknown name', { token: () => login(backend.url, 'mallory', 'correct horse') }),
    refused('a token that was used before', { token: used }),
    refused('a token of another key', {
      token: createConnectToken({ game: GAME, privateKey: randomBytes(32), addresses: gameServers, clientId: 1n }),
    }),
    refused('no token', { host, port }),
    refuseLate(),
  ])
  const { consumedToken, sharedToken, badToken } = server.netcodeCounters!
  console.log(`game server: ignored ${consumedToken! + sharedToken!} requests with a used token and ${badToken} with a wrong key or none`)
} finally {
  await Promise.all([server.close(), backend.close(), hasty.close()])
}

/** As it should be. Resolves to the token, which is spent now. */
async function play(): Promise<Uint8Array> {
  const client = createClient()
  const token = await login(backend.url, 'ada', 'correct horse')
  console.log(`backend: ada has a token of ${token.length} bytes`)
  const greeted = new Promise<string>((resolve) => client.onMessage(Greeting, ({ text }) => resolve(text)))
  await client.connect({ token })
  client.run({ hz: 30 })
  console.log(`client: ${await greeted}`)
  await client.close()
  return token
}

async function refuseLate(): Promise<void> {
  const token = await login(hasty.url, 'bob', 'battery staple')
  await sleep(2100) // time counts in whole seconds
  await refused('a token that has expired', { token })
}

async function refused(what: string, options: ConnectOptions): Promise<void> {
  const client = createClient()
  try {
    await client.connect(options)
    throw new Error(`${what} was let in`)
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error
    console.log(`${what}: ${error.code}, ${shortly(error)}`)
  } finally {
    await client.close()
  }
}

/** What the error of a time-out lists as likely causes is left out here. */
function shortly({ message }: Error): string {
  return message.split('. ')[0]!
}
