// `login.js`: a server and its players in one process. Some get in, some do not, and one comes twice.
import { randomBytes } from 'node:crypto'
import { type Auth, Client, RejectedError } from 'tickwire'
import { readCommandLine } from '../command-line.js'
import { GAME, messages, Say } from './messages.js'
import { Accounts, openServer } from './server.js'

readCommandLine('node dist/examples/login/login.js', {})

const WORD = 'three of hearts'
const adasKey = randomBytes(16).toString('hex') // given to her device when she signed up
const accounts = new Accounts()
accounts.add(adasKey, { id: 'ada', role: 'admin' })

const server = await openServer(accounts, WORD, (line) => console.log(`server: ${line}`))
const { host, port } = server.address!

const clients: Client[] = []

/** Resolves to a client that is in; undefined where it was refused. */
async function join(name: string, auth?: Auth): Promise<Client | undefined> {
  const client = new Client({ messages, game: GAME })
  clients.push(client)
  client.onMessage(Say, ({ text }) => console.log(`${name} hears ${text}`))
  client.on('OnDisconnect', ({ reason, detail }) => console.log(`${name} is out: ${reason}, ${detail}`))
  try {
    await client.connect({ host, port, name, auth })
    client.run({ hz: 60 })
    return client
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error
    console.log(`${name} is refused: ${error.reason}, ${error.detail}`)
    return undefined
  }
}

/** Resolves when the client's connection has ended. */
function ended(client: Client): Promise<void> {
  return new Promise((resolve) => client.on('OnDisconnect', () => resolve()))
}

try {
  const laptop = await join('ada (laptop)', { scheme: 'account', claim: adasKey })
  const bob = await join('bob', { scheme: 'secret', claim: WORD })
  const eve = await join('eve')
  await join('mallory', { scheme: 'account', claim: 'ada' })
  await join('trudy', { scheme: 'secret', claim: 'queen of spades' })
  const laptopEnded = ended(laptop!)
  const phone = await join('ada (phone)', { scheme: 'account', claim: adasKey })
  await laptopEnded
  console.log(`account ada is ${server.getPeerByIdentity('ada')?.name}`)
  eve!.send(Say, { text: 'psst' })
  const heard = new Promise<void>((resolve) => phone!.onMessage(Say, () => resolve()))
  bob!.send(Say, { text: 'my deal' })
  await heard
  const all = [bob!, eve!, phone!].map(ended)
  phone!.send(Say, { text: '/close' })
  await Promise.all(all)
} finally {
  await Promise.all(clients.map((client) => client.close())) // ends their loops too
  await server.close()
}
