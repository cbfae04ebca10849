// The server of a soak: its handlers tell the model what the library says, and do what the plans ask for.
import { type ConnectRequest, type EndReason, type NetworkError, type Peer, Server } from '../lib/index.js'
import { checkHandlerError, Fault, runReaction } from './faults.js'
import type { Host } from './host.js'
import {
  BROADCAST_TAG,
  bodyOf,
  type Content,
  contents,
  empties,
  framedBytes,
  isEmptyType,
  isReliable,
  messages,
  payloadBytes,
  type SoakType,
} from './messages.js'
import { checkBounds } from './metrics-check.js'
import { SERVER_HOST } from './network.js'
import type { Reaction } from './operations.js'
import { type Order, sendOne } from './sending.js'
import { clientOf, rejectDetail, type Session } from './session.js'
import type { World } from './world.js'

export const SERVER_PORT = 9000

/** What the server answers with, and what it sends to begin with. */
const answer: Order = { type: contents[0]!, delivery: undefined, bytes: 12, reaction: 'none' }

/** What `accept` gives to a peer; those that are let in without a decision have nothing. */
type User = Session | undefined

export class ServerPlayer {
  readonly host: Host<Server<User>>
  readonly world: World
  readonly #inside = new Set<Session>()
  isClosing = false
  /** Datagrams that servers before it sent from its host. */
  readonly sentBefore: number

  constructor(world: World) {
    const { setup } = world
    this.world = world
    this.sentBefore = world.network.sentBy.get(SERVER_HOST) ?? 0
    this.host = world.makeHost(
      'server',
      ({ clock, transport, entropy }) =>
        new Server<User>({
          messages,
          game: 'soak',
          clock,
          transport,
          entropy,
          maxPeers: setup.maxPeers,
          timeoutMs: setup.serverTimeoutMs,
          keepAliveMs: setup.keepAliveMs,
          maxMessageBytes: setup.maxMessageBytes,
          maxSendQueueBytes: setup.maxSendQueueBytes,
          ...(setup.isTokenMode ? { privateKey: world.privateKey } : {}),
        }),
    )
    this.#listenToEvents()
  }

  get server(): Server<User> {
    return this.host.endpoint
  }

  get isListening(): boolean {
    return this.host.isAlive && this.server.address !== undefined
  }

  // ── What it is made to do ──

  listen(): void {
    const { world } = this
    if (this.isListening || this.isClosing) {
      world.journal.note('listen() expected to throw')
      try {
        void this.server.listen({ port: SERVER_PORT })
        world.journal.violate('misuse', 'listen() did not throw while listening')
      } catch {}
      return
    }
    const opened = this.server.listen({ host: SERVER_HOST, port: SERVER_PORT }).then(() => {
      world.portClosedAt = world.now
      if (this.server.acceptNewConnections) world.notAcceptingAt = world.now
      world.journal.note('the server listens')
    })
    world.watch(this.host, 'listen()', opened)
  }

  close(): void {
    const { world } = this
    if (!this.isListening || this.isClosing) return
    this.isClosing = true
    world.notAcceptingAt = Number.POSITIVE_INFINITY
    const detail = `closed at ${world.now}`
    const queued = this.server.outBufferBytes
    for (const session of world.sessions) {
      if (session.server.end === undefined && !session.server.isGone) session.serverClose ??= world.farewell(session, detail, queued)
    }
    const closed = this.server.close(detail).then(() => {
      this.isClosing = false
      world.journal.note('the server has closed')
    })
    world.portClosedAt = Number.POSITIVE_INFINITY // soon
    world.watch(this.host, 'close()', closed)
  }

  setAccepting(value: boolean): void {
    this.server.acceptNewConnections = value
    if (!value) this.world.notAcceptingAt = Number.POSITIVE_INFINITY
    else if (this.world.notAcceptingAt === Number.POSITIVE_INFINITY) this.world.notAcceptingAt = this.world.now
  }

  kick(session: Session): void {
    const peer = this.peerOf(session)
    if (peer === undefined) return
    const detail = `kicked at ${this.world.now}`
    if (peer.connected) {
      session.kick ??= this.world.farewell(session, detail, peer.outBufferBytes)
      session.server.isSilenced = true
    }
    this.world.watch(this.host, 'peer.disconnect()', peer.disconnect(detail, { name: session.name }))
  }

  kickAll(): void {
    const detail = `all out at ${this.world.now}`
    for (const peer of this.server.peers) {
      const session = this.#sessionOf(peer)
      session.kick ??= this.world.farewell(session, detail, peer.outBufferBytes)
      session.server.isSilenced = true
    }
    this.world.watch(this.host, 'disconnectAll()', this.server.disconnectAll(detail))
  }

  send(session: Session, order: Order): void {
    const peer = this.peerOf(session)
    if (peer === undefined) return
    const { world } = this
    sendOne(
      {
        flow: session.down,
        side: session.server,
        tag: session.tag,
        isOpen: peer.connected,
        maxMessageBytes: world.setup.maxMessageBytes,
        now: world.now,
        send: (type, values, options) => peer.send(type as never, values as never, options),
      },
      order,
      world.journal,
    )
  }

  /** One message to all peers, or all but one. Who was sent it, the counters say where not everyone was. */
  broadcast(type: SoakType, bytes: number, except: Session | undefined): void {
    const { world, server } = this
    const serial = world.nextBroadcast()
    const peers = [...server.peers].filter((peer) => this.#sessionOf(peer) !== except)
    const before = peers.map((peer) => peer.outMessages)
    const exceptPeer = except === undefined ? undefined : this.peerOf(except)
    const values: Content = { tag: BROADCAST_TAG, serial, body: bodyOf(BROADCAST_TAG, serial, bytes) }
    const queued = server.sendToAll(type as never, values as never, exceptPeer === undefined ? {} : { except: exceptPeer })
    const each = framedBytes(type, payloadBytes(serial, bytes))
    let reached = 0
    peers.forEach((peer, i) => {
      if (peer.outMessages === before[i]) {
        if (isReliable(type.delivery)) this.#sessionOf(peer).server.hasOverflowed = true
        return
      }
      reached++
      this.#sessionOf(peer).down.add({
        type,
        delivery: type.delivery,
        tag: BROADCAST_TAG,
        serial,
        bytes,
        sentAt: world.now,
        reaction: 'none',
      })
      world.journal.count(`sent ${type.delivery}`)
    })
    if (queued !== reached * each)
      world.journal.violate('send', `sendToAll() returned ${queued} for ${reached} peers at ${each} bytes each`)
  }

  react(reaction: Reaction, session: Session): unknown {
    return runReaction(reaction, this.host, {
      answer: () => this.send(session, answer),
      end: () => this.kick(session),
    })
  }

  /** The process vanishes. */
  kill(closesPort: boolean): void {
    const { world } = this
    this.host.kill(closesPort)
    if (closesPort) world.portClosedAt = Number.POSITIVE_INFINITY
    for (const session of world.sessions) if (session.server.end === undefined) session.server.isGone = true
    world.forgetPromises(this.host)
  }

  // ── What is looked at after each update ──

  check(): void {
    const { world, server } = this
    let peers = 0
    for (const peer of server.peers) {
      peers++
      const session = this.#sessionOf(peer)
      if (!this.#inside.has(session))
        world.journal.violate('events', `${peer.name} is among the peers without OnConnect, or after OnDisconnect`)
      checkBounds({ metrics: peer.metrics(), out: session.down, into: session.up, side: 'peer', name: session.name }, world)
    }
    if (peers !== this.#inside.size)
      world.journal.violate('events', `the server has ${peers} peers, and ${this.#inside.size} are in by its events`)
    if (peers > world.setup.maxPeers) world.journal.violate('bounds', `${peers} peers are in, of ${world.setup.maxPeers}`)
    this.noteFull()
  }

  /** Notes that there is no room now, or may not be. */
  noteFull(): void {
    const { world } = this
    const asking = world.sessions.filter(({ outcome, client }) => outcome === undefined && client.end === undefined).length
    if (this.server.peerCount + asking >= world.setup.maxPeers) world.fullAt = world.now
  }

  // ── Events ──

  #listenToEvents(): void {
    const { server } = this
    server.on('OnConnectRequest', (request) => this.#decide(request))
    server.on('OnConnect', ({ peer }) => this.#handleConnect(peer))
    server.on('OnDisconnect', ({ peer, reason, detail, data }) =>
      this.world.tampering.end(() => this.#handleDisconnect(peer, reason, detail, data)),
    )
    server.on('OnError', ({ peer, error }) => this.#handleError(peer, error))
    for (const type of [...contents, ...empties]) {
      if (type.from === 'server') continue
      server.onMessage(type as never, (message: unknown, peer: Peer<User>) => {
        const content = isEmptyType(type) ? undefined : (message as Content)
        return this.world.tampering.message(type.name, content?.body, () => this.#handleMessage(type, content, peer))
      })
    }
  }

  #decide(request: ConnectRequest<User>): unknown {
    const { world } = this
    const session = world.sessionNamed(request.name)
    if (session === undefined || (request.data as { tag?: unknown } | undefined)?.tag !== session.tag) {
      world.journal.violate('events', `OnConnectRequest of "${request.name}" with ${JSON.stringify(request.data)}`)
      return undefined
    }
    world.journal.note(`server: OnConnectRequest of ${session.name}: ${session.plan.decision}`)
    if (session.wasAsked) world.journal.violate('events', `OnConnectRequest of ${session.name} came a second time`)
    session.wasAsked = true
    const { decision, decideMs } = session.plan
    const reject = (): void => request.reject(rejectDetail(session.name), { name: session.name })
    switch (decision) {
      case 'accept':
        request.accept(session)
        return undefined
      case 'undecided':
        return undefined
      case 'accept-throw':
        request.accept(session)
        this.host.faults++
        throw new Fault()
      case 'accept-later':
        return this.#later(decideMs, () => request.accept(session))
      case 'reject':
        reject()
        return undefined
      case 'reject-later':
        return this.#later(decideMs, reject)
      case 'throw':
        this.host.faults++
        throw new Fault()
      case 'fail-later':
        return this.#later(decideMs, () => {
          this.host.faults++
          throw new Fault()
        })
      case 'never':
        return new Promise(() => {})
    }
  }

  #later(ms: number, act: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.host.clock.setTimer(ms, () => {
        try {
          act()
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #handleConnect(peer: Peer<User>): unknown {
    const { world } = this
    const session = world.sessionNamed(peer.name)
    world.journal.note(`server: OnConnect ${peer.name}`)
    if (session === undefined || peer.user !== (session.plan.decision === 'undecided' ? undefined : session)) {
      world.journal.violate('events', `OnConnect of ${peer.name}, whose user is not what accept() was given`)
      return undefined
    }
    const { server } = session
    if (server.acceptedAt !== undefined) world.journal.violate('events', `OnConnect of ${peer.name} came a second time`)
    if (!session.isWelcome)
      world.journal.violate('events', `OnConnect of ${peer.name}, whom the handler refused (${session.plan.decision})`)
    server.acceptedAt = world.now
    server.isGone = false // the server that vanished was one before this
    this.#inside.add(session)
    world.noteAddress(peer.address, session)
    const { outside } = world.clients[clientOf(session)]!.host.transport
    session.isCutOff = outside?.port !== peer.address.port // a NAT may have given it another address since, or before
    world.journal.count('connections accepted')
    return this.react(session.plan.onConnect, session)
  }

  #handleDisconnect(peer: Peer<User>, reason: EndReason, detail: string, data: unknown): void {
    const { world } = this
    const session = this.#sessionOf(peer)
    const { server } = session
    world.journal.note(`server: OnDisconnect ${peer.name}: ${reason} "${detail}"`)
    if (!server.isOpen)
      world.journal.violate('ends', `OnDisconnect of ${peer.name} ${server.end === undefined ? 'before OnConnect' : 'a second time'}`)
    if (reason === 'timeout') world.checkTimeout(session, 'server')
    server.end = { reason, detail, data, at: world.now }
    this.#inside.delete(session)
    world.journal.count(`ended on the server: ${reason}`)
  }

  #handleError(peer: Peer<User> | undefined, error: NetworkError): void {
    const { world } = this
    world.journal.note(`server: OnError ${peer?.name ?? ''} ${error.code}: ${error.message}`)
    if (error.code === 'HANDLER') checkHandlerError(error, this.host, world.journal)
    else if (peer !== undefined && (error.code === 'TIMEOUT' || error.code === 'OVERFLOW'))
      this.#sessionOf(peer).server.lastError = error.code
    else world.journal.violate('errors', `the server's OnError: ${error.code} ${error.message}`)
  }

  #handleMessage(type: SoakType, content: Content | undefined, peer: Peer<User>): unknown {
    const { world } = this
    const session = this.#sessionOf(peer)
    const problem = session.up.receive(type, content)
    world.journal.noteNumbers(session.tag, content?.serial ?? -1, type.id)
    if (problem !== undefined) world.journal.violate('messages', `server, of ${session.name}: ${problem}`)
    if (!session.server.isOpen)
      world.journal.violate(
        'events',
        `${type.name} of ${session.name} came ${session.server.end === undefined ? 'before OnConnect' : 'after OnDisconnect'}`,
      )
    else if (session.server.isSilenced) world.journal.violate('events', `${type.name} of ${session.name} came after peer.disconnect()`)
    const message = content === undefined ? undefined : session.up.find(content)
    world.checkLifetime(message, clientOf(session), 'server')
    world.journal.count(`arrived ${message?.delivery ?? type.delivery}`)
    return message === undefined ? undefined : this.react(message.reaction, session)
  }

  peerOf(session: Session): Peer<User> | undefined {
    for (const peer of this.server.peers) if (peer.name === session.name) return peer
    return undefined
  }

  /** By its name, which OnConnect has checked. */
  #sessionOf(peer: Peer<User>): Session {
    return this.world.sessionNamed(peer.name)!
  }
}
