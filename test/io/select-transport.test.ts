// Which transport is used, and what becomes of it where the batched one cannot be: each case in a process of its own, as a choice is made once for each.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { automaticKind } from '../../lib/io/select-transport.js'
import { plainNode } from '../plain-node.js'
import { SKIP_WITHOUT_BATCHED } from './transports.js'

const library = new URL('../../lib/index.js', import.meta.url).href

/** Stands before everything else that the process does. */
const WITHOUT_KOFFI = `
  const { default: Module } = await import('node:module')
  const resolve = Module._resolveFilename
  Module._resolveFilename = (name, ...rest) => {
    if (name === 'koffi') throw Object.assign(new Error("Cannot find module 'koffi'\\nRequire stack:\\n- somewhere"), { code: 'MODULE_NOT_FOUND' })
    return resolve(name, ...rest)
  }
`
const ON_MACOS = `Object.defineProperty(process, 'platform', { value: 'darwin' })`
const ON_RISCV = `Object.defineProperty(process, 'arch', { value: 'riscv64' })`

interface Outcome {
  /** What `capabilities()` says: the names in use, and the reason of each; or what it threw. */
  readonly inUse: string[] | string
  readonly reasons: Record<string, string>
  readonly crypto: string
  /** What an endpoint with each option has, once a client has connected to a server; or the error's code and message. */
  readonly options: Record<'auto' | 'dgram' | 'batched', string>
}

async function outcomeOf(before: string, wanted?: string): Promise<Outcome> {
  const source = `
    ${before}
    const { capabilities, Client, MessageFactory, Server } = await import(${JSON.stringify(library)})
    const outcome = { inUse: [], reasons: {}, crypto: '', options: {} }
    try {
      const { transport, crypto } = capabilities()
      outcome.inUse = transport.filter(({ isInUse }) => isInUse).map(({ name }) => name)
      outcome.reasons = Object.fromEntries(transport.map(({ name, reason }) => [name, reason]))
      outcome.crypto = crypto.find(({ isInUse }) => isInUse).name
    } catch (error) {
      outcome.inUse = error.message
    }
    for (const transport of ['auto', 'dgram', 'batched']) {
      try {
        const options = { messages: new MessageFactory(), game: 'choice', transport }
        const [server, client] = [new Server(options), new Client(options)]
        server.on('OnConnectRequest', (request) => request.accept())
        const { host, port } = await server.listen({ host: '127.0.0.1' })
        server.run({ hz: 60 })
        await client.connect({ host, port })
        outcome.options[transport] = server.transport.kind
        await client.close()
        await server.close()
      } catch (error) {
        outcome.options[transport] = error.code + ' ' + error.message
      }
    }
    console.log(JSON.stringify(outcome))
  `
  const { TICKWIRE_TRANSPORT: _, ...env } = process.env
  const child = spawn(...plainNode(['--input-type=module', '-e', source]), {
    env: wanted === undefined ? env : { ...env, TICKWIRE_TRANSPORT: wanted },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await once(child, 'close')
  return JSON.parse(output) as Outcome
}

t.test('by itself it takes the batched transport where that works', SKIP_WITHOUT_BATCHED, async (t) => {
  for (const wanted of [undefined, '', 'batched']) {
    const { inUse, reasons, options } = await outcomeOf('', wanted)
    t.strictSame(inUse, ['batched'])
    t.strictSame(Object.keys(reasons), ['batched', 'dgram'], 'the fastest first')
    t.match(reasons, { batched: /koffi loads/, dgram: 'works everywhere, and a faster one is in use' })
    t.strictSame(options, { auto: 'batched', dgram: 'dgram', batched: 'batched' })
  }
})

t.test('TICKWIRE_TRANSPORT=dgram decides what auto is, and no more', SKIP_WITHOUT_BATCHED, async (t) => {
  const { inUse, reasons, options } = await outcomeOf('', 'dgram')
  t.strictSame(inUse, ['dgram'])
  t.strictSame(reasons, { batched: 'works, and TICKWIRE_TRANSPORT asks for dgram', dgram: 'TICKWIRE_TRANSPORT asks for dgram' })
  t.strictSame(options, { auto: 'dgram', dgram: 'dgram', batched: 'batched' })
})

t.test('a TICKWIRE_TRANSPORT that names none is refused where it would decide', async (t) => {
  const { inUse, options } = await outcomeOf('', 'bached')
  const message = 'TICKWIRE_TRANSPORT expected auto, dgram or batched, got "bached"'
  t.equal(inUse, message)
  t.equal(options.auto, `BAD_OPTION ${message}`)
  t.equal(options.dgram, 'dgram')
})

for (const [where, before, why] of [
  ['without koffi', WITHOUT_KOFFI, "Cannot find module 'koffi'"],
  ['on another system', ON_MACOS, "sendmmsg and recvmmsg are Linux's, and this is darwin"],
  ['on another processor', ON_RISCV, 'the layouts of x64 and arm64 are known, not those of riscv64'],
] as const) {
  t.test(`${where} it falls back to node:dgram, and says why`, { skip: process.platform !== 'linux' }, async (t) => {
    const { inUse, reasons, crypto, options } = await outcomeOf(before)
    t.strictSame(inUse, ['dgram'])
    t.strictSame(reasons, { batched: why, dgram: 'node:dgram works everywhere' })
    t.strictSame(options, {
      auto: 'dgram',
      dgram: 'dgram',
      batched: `BAD_OPTION the batched transport does not work here: ${why}`,
    })
    if (before === WITHOUT_KOFFI) t.not(crypto, 'openssl')
  })

  t.test(`${where} TICKWIRE_TRANSPORT=batched is not answered by another`, { skip: process.platform !== 'linux' }, async (t) => {
    const { inUse, reasons, options } = await outcomeOf(before, 'batched')
    t.strictSame(inUse, [])
    t.equal(reasons.batched, `TICKWIRE_TRANSPORT asks for batched, which does not work here: ${why}`)
    t.strictSame(options, {
      auto: `BAD_OPTION the batched transport does not work here: ${why}`,
      dgram: 'dgram',
      batched: `BAD_OPTION the batched transport does not work here: ${why}`,
    })
  })
}

t.test('the environment is read anew for each endpoint', async (t) => {
  const before = process.env.TICKWIRE_TRANSPORT
  t.teardown(() => {
    if (before === undefined) delete process.env.TICKWIRE_TRANSPORT
    else process.env.TICKWIRE_TRANSPORT = before
  })
  process.env.TICKWIRE_TRANSPORT = 'dgram'
  t.equal(automaticKind(), 'dgram')
  process.env.TICKWIRE_TRANSPORT = 'batched'
  t.equal(automaticKind(), 'batched')
  process.env.TICKWIRE_TRANSPORT = 'both'
  t.throws(() => automaticKind(), TypeError)
})
