// Who may come back as whom. The attackers are clients with valid keys that say in Hello what they like.
import t from 'tap'
import { Insider, type InsiderOptions } from '../../attacks/insider.js'
import { RESUMABLE_EXTENSION } from '../../lib/endpoint/control-messages.js'
import { createConnectToken, type Server } from '../../lib/index.js'
import { selectCrypto } from '../../lib/io/select-crypto.js'
import { ResumeTokens } from '../../lib/sessions/resume-tokens.js'
import { seededEntropy } from '../../lib/simulator/index.js'
import { messages, Num } from '../endpoint/messages.js'
import { PORT, World } from '../endpoint/world.js'

const RESUMABLE = [{ type: RESUMABLE_EXTENSION, body: new Uint8Array(0) }]

class Scene {
  readonly world = new World({ unixSeconds: Math.floor(Date.now() / 1000) })
  readonly server: Server
  readonly events: string[] = []
  host = ''
  #seed = 50

  constructor(options: Parameters<World['makeServer']>[0] = {}) {
    this.server = this.world.makeServer(options)
    this.server.on('OnConnect', ({ peer }) => this.events.push(`connect ${peer.id}`))
    this.server.on('OnDrop', ({ peer }) => this.events.push(`drop ${peer.id}`))
    this.server.on('OnResume', ({ peer }) => this.events.push(`resume ${peer.id}`))
    this.server.on('OnDisconnect', ({ peer, reason }) => this.events.push(`end ${peer.id} ${reason}`))
    this.server.on('OnError', () => {})
    this.server.onMessage(Num, () => {})
  }

  async open(): Promise<this> {
    this.host = (await this.world.settle(this.server.listen({ port: PORT }))).host
    return this
  }

  /** A client, from a host of its own; waits until it is in or refused. */
  async come(hello: InsiderOptions['hello'], more: Partial<InsiderOptions> = {}, ms = 500): Promise<Insider> {
    const { world } = this
    const transport = world.network.transport()
    const insider = new Insider({
      transport,
      clock: world.clock,
      host: this.host,
      port: PORT,
      seed: this.#seed++,
      messages,
      hello,
      ...more,
    })
    await insider.open()
    world.add(insider)
    await world.step(ms)
    return insider
  }
}

t.test('a resume token opens once: the second who shows it is refused, and the player stays who it is', async (t) => {
  const scene = await new Scene().open()
  const first = await scene.come({ extensions: RESUMABLE })
  t.equal(first.resumeToken.length, 64)
  const second = await scene.come({ resumeToken: first.resumeToken, extensions: RESUMABLE })
  t.equal(second.state, 'in')
  t.equal(second.peerId, first.peerId)
  t.notSame(second.resumeToken, first.resumeToken)
  const third = await scene.come({ resumeToken: first.resumeToken, extensions: RESUMABLE })
  t.equal(third.ended, 'resume-refused')
  t.match(third.detail, /does not know who wants to come back/)
  t.strictSame(scene.events, [`connect ${first.peerId}`, `drop ${first.peerId}`, `resume ${first.peerId}`])
  t.equal(scene.server.getPeer(first.peerId)!.connected, true)
})

t.test('it opens again only where the next one cannot have arrived', async (t) => {
  const scene = await new Scene().open()
  const first = await scene.come({ extensions: RESUMABLE })
  const deaf = await scene.come({ resumeToken: first.resumeToken }, { isSilent: true }, 8) // its handshake is over, and its Welcome not acknowledged
  scene.world.remove(deaf)
  await scene.world.step(100)
  const again = await scene.come({ resumeToken: first.resumeToken })
  t.equal(again.state, 'in', again.detail)
  t.equal(again.peerId, first.peerId)
})

t.test('forged, cut, changed and strange tokens are refused, whoever is away', async (t) => {
  const scene = await new Scene().open()
  const first = await scene.come({ extensions: RESUMABLE })
  const own = new ResumeTokens(selectCrypto(), seededEntropy(9), undefined).seal(first.peerId, 1)
  const changed = first.resumeToken.slice()
  changed[30]! ^= 1
  for (const resumeToken of [new Uint8Array([1]), new Uint8Array(64), own, changed, first.resumeToken.slice(0, 63), new Uint8Array(2048)]) {
    const attacker = await scene.come({ resumeToken })
    t.equal(attacker.ended, 'resume-refused')
  }
  t.strictSame(scene.events, [`connect ${first.peerId}`])
})

t.test('token mode: a token for coming back opens no new session, and is bound to its client id', async (t) => {
  const privateKey = new Uint8Array(32).fill(3)
  const scene = await new Scene({ privateKey, publicAddresses: ['10.0.0.1:9000'] }).open()
  const backend = (clientId: bigint): Uint8Array =>
    createConnectToken({ game: 'tickwire', privateKey, addresses: [`${scene.host}:${PORT}`], clientId })
  const first = await scene.come({ extensions: RESUMABLE }, { token: backend(1n) })
  t.equal(first.resumeToken.length, 2048)
  const anew = await scene.come({ extensions: RESUMABLE }, { token: first.resumeToken })
  t.equal(anew.ended, 'resume-refused')
  t.match(anew.detail, /opens no new session/)
  const other = await scene.come({ resumeToken: new Uint8Array([1]) }, { token: backend(2n) })
  t.equal(other.ended, 'resume-refused', 'a token of the backend says nothing of coming back')
  const sealed = await scene.come({ resumeToken: first.resumeToken }, { token: backend(3n) })
  t.equal(sealed.ended, 'resume-refused', 'what counts is the token that opened the link')
  t.equal(scene.events.filter((line) => line.startsWith('resume')).length, 0)
})

t.test('token mode: a server that was started anew refuses tokens of the run before, for coming back and for coming in', async (t) => {
  const privateKey = new Uint8Array(32).fill(3)
  const scene = await new Scene({ privateKey, publicAddresses: ['10.0.0.1:9000'] }).open()
  const token = createConnectToken({ game: 'tickwire', privateKey, addresses: [`${scene.host}:${PORT}`], clientId: 1n })
  const first = await scene.come({ extensions: RESUMABLE }, { token })
  await scene.world.settle(scene.server.close())
  await scene.world.settle(scene.server.listen({ port: PORT }))
  const back = await scene.come({ resumeToken: new Uint8Array([1]) }, { token: first.resumeToken })
  t.equal(back.ended, 'resume-refused')
  t.equal(scene.server.peerCount, 0)
})

t.test('token mode: who logs in anew with the same client id takes the place of the one who is away', async (t) => {
  const privateKey = new Uint8Array(32).fill(3)
  const scene = await new Scene({ privateKey, publicAddresses: ['10.0.0.1:9000'] }).open()
  const backend = (): Uint8Array => createConnectToken({ game: 'tickwire', privateKey, addresses: [`${scene.host}:${PORT}`], clientId: 1n })
  const first = await scene.come({ extensions: RESUMABLE }, { token: backend() })
  const second = await scene.come({ extensions: RESUMABLE }, { token: backend() })
  t.strictSame(scene.events, ['connect 1', 'drop 1', 'end 1 replaced', 'connect 2'])
  t.equal(second.state, 'in')
  const back = await scene.come({ resumeToken: new Uint8Array([1]) }, { token: first.resumeToken })
  t.equal(back.ended, 'resume-refused')
  t.match(back.detail, /same client id connected again/)
})

t.test('why a player was put out is remembered, for when it tries to come back', async (t) => {
  const scene = await new Scene({ maxPeers: 4, maxConnectsPerSecond: 0 }).open()
  const first = await scene.come({ extensions: RESUMABLE })
  await scene.world.settle(scene.server.getPeer(first.peerId)!.disconnect('out'))
  const back = await scene.come({ resumeToken: first.resumeToken })
  t.equal(back.detail, 'out', 'the reason is remembered')
})
