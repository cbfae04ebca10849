// The first packets of everything are the ones with no history behind them. Whichever of them is lost, the connection comes about and every message arrives once:
// {the first, the first three, every third} × {to the server, to the client, both} × {the client speaks first, the server does} × {of the handshake, of Hello and Welcome, of the messages}.
import t from 'tap'
import type { Datagram, Transport, TransportOptions } from '../../lib/index.js'
import { delay } from '../../lib/simulator/index.js'
import { Num, Save } from './messages.js'
import { PORT, World } from './world.js'

type Drop = 'the first' | 'the first three' | 'every third'
type Way = 'to the server' | 'to the client' | 'both ways'
type Speaker = 'the client' | 'the server'
type Phase = 'the handshake' | 'Hello and Welcome' | 'the messages'

const DROPS: readonly Drop[] = ['the first', 'the first three', 'every third']
const WAYS: readonly Way[] = ['to the server', 'to the client', 'both ways']
const SPEAKERS: readonly Speaker[] = ['the client', 'the server']
const PHASES: readonly Phase[] = ['the handshake', 'Hello and Welcome', 'the messages']

/** netcode's type of packets with a payload; those below it make the session. */
const PAYLOAD = 5

/** Messages of each delivery that each side sends. */
const COUNT = 5

/** A round trip of 60 ms: whatever is lost here goes again within a second. */
const ONE_WAY_MS = 30
const LIMIT_MS = 5000

/** Whether the packet with this number among those of the phase is lost. */
function isDropped(drop: Drop, number: number): boolean {
  switch (drop) {
    case 'the first':
      return number === 0
    case 'the first three':
      return number < 3
    case 'every third':
      return number % 3 === 0 // the first among them: a handshake has two packets in each direction
  }
}

/** A transport whose packets of one phase are counted, and some of them lost. */
class LossyTransport implements Transport {
  readonly kind = 'simulated'
  readonly #inner: Transport
  readonly #drop: Drop | undefined
  /** Whether a packet of this type belongs to the phase, now. */
  readonly #isOfPhase: (type: number) => boolean
  #counted = 0
  dropped = 0

  constructor(inner: Transport, drop: Drop | undefined, isOfPhase: (type: number) => boolean) {
    this.#inner = inner
    this.#drop = drop
    this.#isOfPhase = isOfPhase
  }

  get counters() {
    return this.#inner.counters
  }

  get onError(): Transport['onError'] {
    return this.#inner.onError
  }

  set onError(listener: Transport['onError']) {
    this.#inner.onError = listener
  }

  get onReadable(): Transport['onReadable'] {
    return this.#inner.onReadable
  }

  set onReadable(listener: Transport['onReadable']) {
    this.#inner.onReadable = listener
  }

  open(options: TransportOptions) {
    return this.#inner.open(options)
  }

  receive(): Datagram | undefined {
    return this.#inner.receive()
  }

  buffer(): Uint8Array {
    return this.#inner.buffer()
  }

  send(length: number, host: string, port: number): void {
    const type = this.#inner.buffer()[0]! & 15
    if (this.#drop !== undefined && this.#isOfPhase(type) && isDropped(this.#drop, this.#counted++)) {
      this.dropped++
      return
    }
    this.#inner.send(length, host, port)
  }

  ref(): void {}

  unref(): void {}

  close() {
    return this.#inner.close()
  }
}

/** What one side has got, by delivery. */
interface Heard {
  readonly ordered: number[]
  readonly reliable: number[]
}

/** Runs one cell; returns what is wrong. */
async function playCell(drop: Drop, way: Way, speaker: Speaker, phase: Phase, seed: number): Promise<string[]> {
  const world = new World({ seed, network: [delay(ONE_WAY_MS)] })
  let hasSpoken = false
  let isIn = false
  const isOfPhase = (type: number): boolean => {
    if (phase === 'the handshake') return type !== PAYLOAD && !isIn
    if (phase === 'Hello and Welcome') return type === PAYLOAD && !isIn
    return type === PAYLOAD && hasSpoken
  }
  const toServer = new LossyTransport(world.network.transport(), way === 'to the client' ? undefined : drop, isOfPhase)
  const toClient = new LossyTransport(world.network.transport(), way === 'to the server' ? undefined : drop, isOfPhase)
  const server = world.makeServer({ transport: toClient })
  const client = world.makeClient({ transport: toServer })
  const problems: string[] = []
  const atServer: Heard = { ordered: [], reliable: [] }
  const atClient: Heard = { ordered: [], reliable: [] }
  const sayAsClient = (): void => {
    for (let n = 0; n < COUNT; n++) {
      client.send(Num, { n })
      client.send(Save, { n })
    }
  }
  const sayAsServer = (): void => {
    for (let n = 0; n < COUNT; n++) {
      server.sendToAll(Num, { n })
      server.sendToAll(Save, { n })
    }
  }
  server.onMessage(Num, ({ n }) => {
    if (speaker === 'the client' && atServer.ordered.length === 0) sayAsServer()
    atServer.ordered.push(n)
  })
  server.onMessage(Save, ({ n }) => atServer.reliable.push(n))
  client.onMessage(Num, ({ n }) => {
    if (speaker === 'the server' && atClient.ordered.length === 0) sayAsClient()
    atClient.ordered.push(n)
  })
  client.onMessage(Save, ({ n }) => atClient.reliable.push(n))
  server.on('OnError', ({ error }) => problems.push(`the server: ${error.message}`))
  client.on('OnError', ({ error }) => problems.push(`the client: ${error.message}`))
  server.on('OnDisconnect', ({ reason }) => problems.push(`the server heard ${reason}`))
  client.on('OnDisconnect', ({ reason }) => problems.push(`the client heard ${reason}`))
  server.on('OnConnect', () => {
    if (phase !== 'the messages' && speaker === 'the server') sayAsServer()
  })

  const { host } = await world.settle(server.listen({ port: PORT }))
  const connected = client.connect({ host, port: PORT, name: 'first' })
  if (phase !== 'the messages' && speaker === 'the client') sayAsClient()
  try {
    await world.settle(connected, LIMIT_MS)
    isIn = true
    if (phase === 'the messages') {
      await world.step(500)
      hasSpoken = true
      if (speaker === 'the client') sayAsClient()
      else sayAsServer()
    }
    const isComplete = (heard: Heard): boolean => heard.ordered.length >= COUNT && heard.reliable.length >= COUNT
    await world.until(() => isComplete(atServer) && isComplete(atClient), LIMIT_MS)
    await world.step(500) // what would come twice comes by now
  } catch (error) {
    problems.push(String(error))
  }
  const due = Array.from({ length: COUNT }, (_, n) => n)
  for (const [side, heard] of [
    ['the server', atServer],
    ['the client', atClient],
  ] as const) {
    if (String(heard.ordered) !== String(due)) problems.push(`${side} got the ordered messages ${heard.ordered}`)
    if (String([...heard.reliable].sort()) !== String(due)) problems.push(`${side} got the reliable messages ${heard.reliable}`)
  }
  // A cell in which nothing is lost would show nothing.
  const dropped = toServer.dropped + toClient.dropped
  if (dropped < (way === 'both ways' ? 2 : 1)) problems.push(`${dropped} packets were lost, and the cell asks for more`)
  return problems
}

for (const phase of PHASES) {
  t.test(`connects and delivers whichever of the first packets of ${phase} are lost`, async (t) => {
    let cells = 0
    for (const drop of DROPS)
      for (const way of WAYS)
        for (const speaker of SPEAKERS) {
          const problems = await playCell(drop, way, speaker, phase, ++cells)
          t.strictSame(problems, [], `${drop} of ${phase}, ${way}, ${speaker} speaks first`)
        }
    t.equal(cells, DROPS.length * WAYS.length * SPEAKERS.length, '18 cells each')
  })
}
