// `chat.js`: a scripted evening; `chat.js server` and `chat.js client NAME`: your own, in two terminals.
import { randomBytes } from 'node:crypto'
import { endWithUsageError, readCommandLine } from '../command-line.js'
import { playScene } from './scene.js'
import { openChatServer } from './server.js'
import { chatInTerminal } from './terminal.js'

const USAGE = `node dist/examples/chat/chat.js                a scripted evening in one process
node dist/examples/chat/chat.js server         a server, until Ctrl-C
node dist/examples/chat/chat.js client NAME    joins it; /who, /kick NAME WHY and /quit are commands`

const { options, words } = readCommandLine(
  USAGE,
  {
    host: { type: 'text', default: '127.0.0.1', text: 'where the server listens, and clients look for it' },
    port: { type: 'integer', default: 9310, min: 0, max: 65_535, text: 'its UDP port; 0: the server takes a free one' },
    'operator-key': { type: 'text', default: '', text: 'what makes a client an operator; the server makes one where none is given' },
  },
  2,
)
const { host, port, 'operator-key': operatorKey } = options
const [command = 'scene', name] = words
if (name !== undefined && command !== 'client') endWithUsageError(`${command} takes no name, got '${name}'`)

switch (command) {
  case 'scene':
    await playScene(console.log)
    break
  case 'server':
    await serve()
    break
  case 'client':
    if (name === undefined) endWithUsageError('client expected a NAME')
    process.exitCode = await chatInTerminal({ host, port, name, operatorKey: operatorKey === '' ? undefined : operatorKey })
    break
  default:
    endWithUsageError(`expected server or client NAME, got '${command}'`)
}

async function serve(): Promise<void> {
  const key = operatorKey === '' ? randomBytes(8).toString('hex') : operatorKey
  const server = await openChatServer({ host, port, operatorKey: key, log: console.log })
  console.log(`listening on ${host}:${server.address!.port}; operators join with --operator-key ${key}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close('the server is going down'))
}
