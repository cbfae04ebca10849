// One client of a soak. Its process may vanish; the next attempt to connect then starts another one.
import { Client, type EndReason, NetworkError, RejectedError } from '../lib/index.js'
import { generateConnectToken, protocolIdOf } from '../lib/netcode/index.js'
import { checkHandlerError, runReaction } from './faults.js'
import type { Host } from './host.js'
import { type Content, contents, empties, isEmptyType, messages, type SoakType } from './messages.js'
import { checkBounds } from './metrics-check.js'
import { SERVER_HOST } from './network.js'
import type { Plan, Reaction } from './operations.js'
import { type Order, sendOne } from './sending.js'
import { SERVER_PORT } from './server-player.js'
import { clientOf, judgeFailure, type Session } from './session.js'
import type { World } from './world.js'

const answer: Order = { type: contents[0]!, delivery: undefined, bytes: 12, reaction: 'none' }

/** How a client behaves that connects from inside OnDisconnect. */
export const PLAIN_PLAN: Plan = {
  decision: 'accept',
  decideMs: 0,
  onConnect: 'none',
  onAccepted: 'answer',
  comesBack: false,
  usesOldToken: false,
}

export class ClientPlayer {
  readonly world: World
  readonly index: number
  host: Host<Client>
  /** The last attempt, and what came of it. */
  session: Session | undefined
  /** The connection whose OnDisconnect is still to come: the last attempt's, or that of the one before. */
  #open: Session | undefined
  #token: { readonly bytes: Uint8Array; readonly madeAt: number } | undefined

  constructor(world: World, index: number) {
    this.world = world
    this.index = index
    this.host = this.#start()
  }

  get client(): Client {
    return this.host.endpoint
  }

  // ── What it is made to do ──

  connect(plan: Plan): void {
    const { world } = this
    if (!this.host.isAlive) this.#restart()
    const { client } = this
    const isBusy = client.state === Client.CONNECTING || client.state === Client.CONNECTED
    if (isBusy) {
      this.#expectRefusal()
      return
    }
    if (world.setup.isTokenMode) for (const old of world.sessions) if (clientOf(old) === this.index) old.isReplaced = true
    world.disturb() // a connection that is still closing ends at once, unacknowledged
    const session = world.addSession(this.index, plan)
    this.session = session
    world.journal.note(`client ${this.index}: connect() as ${session.name}`)
    world.journal.count('attempts to connect')
    const introduction = { name: session.name, data: { tag: session.tag } }
    const connected = client.connect(
      world.setup.isTokenMode
        ? { ...introduction, token: this.#tokenFor(session) }
        : { ...introduction, host: SERVER_HOST, port: SERVER_PORT },
    )
    const done = connected.then(() => {
      world.journal.note(`client ${this.index}: connect() of ${session.name} resolved`)
      if (session.outcome !== undefined) world.journal.violate('promise', `connect() of ${session.name} settled twice`)
      session.outcome = true
      if (session.client.acceptedAt === undefined)
        world.journal.violate('events', `connect() of ${session.name} resolved before OnConnectRequestAccepted`)
    })
    world.watch(this.host, `connect() of ${session.name}`, done, (error) => this.#handleFailure(session, error))
  }

  disconnect(): void {
    const { world, client, session } = this
    if (!this.host.isAlive) return
    const detail = `left at ${world.now}`
    if (session !== undefined && (client.state === Client.CONNECTING || client.state === Client.CONNECTED)) {
      session.disconnect ??= world.farewell(session, detail, client.outBufferBytes)
      session.client.isSilenced = true
    }
    world.watch(this.host, 'disconnect()', client.disconnect(detail, { name: session?.name }))
  }

  send(order: Order): void {
    const { world, client, session } = this
    if (!this.host.isAlive) return
    if (session === undefined) {
      this.#expectNotConnected(order)
      return
    }
    sendOne(
      {
        flow: session.up,
        side: session.client,
        tag: session.tag,
        isOpen: client.state === Client.CONNECTING || client.state === Client.CONNECTED,
        maxMessageBytes: world.setup.maxMessageBytes,
        now: world.now,
        send: (type, values, options) => client.send(type as never, values as never, options),
      },
      order,
      world.journal,
    )
  }

  react(reaction: Reaction): unknown {
    return runReaction(reaction, this.host, { answer: () => this.send(answer), end: () => this.disconnect() })
  }

  /** A NAT gives it another address. False where it has none. */
  rebind(): boolean {
    const { outside } = this.host.transport
    if (!this.host.isAlive || outside === undefined) return false
    this.host.transport.noteRebind(this.world.network.simulated.rebind(outside))
    if (this.session !== undefined) this.session.isCutOff = true
    return true
  }

  /** The process vanishes. */
  kill(closesPort: boolean): void {
    this.host.kill(closesPort)
    for (const session of [this.session, this.#open])
      if (session !== undefined && session.client.end === undefined) session.client.isGone = true
    this.#open = undefined
    this.world.forgetPromises(this.host)
  }

  // ── What is looked at after each update ──

  check(): void {
    const { world, client, session } = this
    if (session === undefined || !client.connected) return
    checkBounds({ metrics: client.metrics(), out: session.up, into: session.down, side: 'client', name: session.name }, world)
    const serverNow = client.serverNow()
    if (serverNow < session.serverNow)
      world.journal.violate('clock', `serverNow() of ${session.name} went from ${session.serverNow} to ${serverNow}`)
    session.serverNow = serverNow
  }

  // ── Its process ──

  #start(): Host<Client> {
    const { setup } = this.world
    const host = this.world.makeHost(
      this.index,
      ({ clock, transport, entropy }) =>
        new Client({
          messages,
          game: 'soak',
          clock,
          transport,
          entropy,
          timeoutMs: setup.clientTimeoutMs,
          keepAliveMs: setup.keepAliveMs,
          maxMessageBytes: setup.maxMessageBytes,
          maxSendQueueBytes: setup.maxSendQueueBytes,
        }),
    )
    this.#listenToEvents(host)
    return host
  }

  #restart(): void {
    this.host.transport.release()
    this.session = undefined
    this.host = this.#start()
  }

  #tokenFor(session: Session): Uint8Array {
    const { world } = this
    const old = this.#token
    if (session.plan.usesOldToken && old !== undefined) {
      session.tokenMadeAt = old.madeAt
      return old.bytes
    }
    const bytes = generateConnectToken({
      protocolId: protocolIdOf('soak'),
      privateKey: world.privateKey,
      serverAddresses: [`${SERVER_HOST}:${SERVER_PORT}`],
      clientId: BigInt(this.index + 1),
      timeoutSeconds: Math.ceil(world.setup.clientTimeoutMs / 1000),
      createUnixSeconds: world.clock.unixSeconds(),
      entropy: this.world.entropyForTokens,
      crypto: world.crypto,
    })
    this.#token = { bytes, madeAt: world.now }
    return bytes
  }

  #expectRefusal(): void {
    try {
      void this.client.connect({ host: SERVER_HOST, port: SERVER_PORT })
      this.world.journal.violate('misuse', `connect() of client ${this.index} did not throw while it is connecting or connected`)
    } catch (error) {
      if (!(error instanceof NetworkError) || error.code !== 'ALREADY_ACTIVE')
        this.world.journal.violate('misuse', `connect() threw ${error}`)
    }
  }

  #expectNotConnected({ type }: Order): void {
    try {
      this.client.send(type as never, { tag: 0, serial: 0, body: new Uint8Array(0) } as never)
      this.world.journal.violate('misuse', `send() of client ${this.index} did not throw before any connect()`)
    } catch (error) {
      if (!(error instanceof NetworkError) || (error.code !== 'NOT_CONNECTED' && error.code !== 'WRONG_DIRECTION'))
        this.world.journal.violate('misuse', `send() threw ${error}`)
    }
  }

  // ── Events ──

  #listenToEvents(host: Host<Client>): void {
    const client = host.endpoint
    client.on('OnConnectRequestAccepted', () => this.#handleAccepted())
    client.on('OnConnectRequestRejected', ({ reason }) => this.#handleRejected(reason))
    client.on('OnDisconnect', ({ reason, detail, data }) => this.world.tampering.end(() => this.#handleDisconnect(reason, detail, data)))
    client.on('OnError', ({ error }) => this.#handleError(error))
    for (const type of [...contents, ...empties]) {
      if (type.from === 'client') continue
      client.onMessage(type as never, (message: unknown) => {
        const content = isEmptyType(type) ? undefined : (message as Content)
        return this.world.tampering.message(type.name, content?.body, () => this.#handleMessage(type, content))
      })
    }
  }

  #handleAccepted(): unknown {
    const { world, session } = this
    world.journal.note(`client ${this.index}: OnConnectRequestAccepted, ${session?.name}`)
    if (session === undefined || session.client.acceptedAt !== undefined || this.#open !== undefined) {
      world.journal.violate(
        'events',
        `OnConnectRequestAccepted of client ${this.index} came twice, or before the end of the last connection`,
      )
      return undefined
    }
    session.client.acceptedAt = world.now
    this.#open = session
    if (!session.isWelcome) world.journal.violate('events', `${session.name} was let in, and the handler refused it`)
    return this.react(session.plan.onAccepted)
  }

  #handleRejected(reason: string): void {
    this.world.journal.note(`client ${this.index}: OnConnectRequestRejected, ${this.session?.name}: ${reason}`)
    if (this.session !== undefined) this.session.rejectedEvents++
  }

  #handleFailure(session: Session, error: Error): void {
    const { world } = this
    world.journal.note(`client ${this.index}: connect() of ${session.name} rejected: ${error.message}`)
    if (!(error instanceof NetworkError)) {
      world.journal.violate('promise', `connect() of ${session.name} rejected with ${error}`)
      return
    }
    world.journal.count(`attempts that failed: ${error instanceof RejectedError ? `rejected as ${error.reason}` : error.code}`)
    if (session.outcome !== undefined) world.journal.violate('promise', `connect() of ${session.name} settled twice`)
    session.outcome = error
    if (session.client.acceptedAt !== undefined)
      world.journal.violate('events', `connect() of ${session.name} rejected after OnConnectRequestAccepted`)
    const problem = judgeFailure(session, error, world.factsOf(session))
    if (problem !== undefined)
      world.journal.violate('attempts', `connect() of ${session.name} rejected as "${error.message.slice(0, 80)}" ${problem}`)
    const expected = error instanceof RejectedError ? 1 : 0
    if (session.rejectedEvents !== expected)
      world.journal.violate(
        'events',
        `OnConnectRequestRejected of ${session.name} came ${session.rejectedEvents} times, and ${expected} is right`,
      )
  }

  #handleDisconnect(reason: EndReason, detail: string, data: unknown): void {
    const { world } = this
    const session = this.#open
    world.journal.note(`client ${this.index}: OnDisconnect, ${session?.name}: ${reason} "${detail}"`)
    if (session === undefined) {
      world.journal.violate('ends', `OnDisconnect of client ${this.index} came without a connection, or a second time`)
      return
    }
    this.#open = undefined
    if (reason === 'timeout') world.checkTimeout(session, 'client')
    session.client.end = { reason, detail, data, at: world.now }
    world.journal.count(`ended on the client: ${reason}`)
    if (session.plan.comesBack && !session.client.isSilenced) this.connect(PLAIN_PLAN)
  }

  #handleError(error: NetworkError): void {
    const { world } = this
    world.journal.note(`client ${this.index}: OnError ${error.code}: ${error.message}`)
    if (error.code === 'HANDLER') checkHandlerError(error, this.host, world.journal)
    else if (error.code === 'TIMEOUT' || error.code === 'OVERFLOW') {
      if (this.#open !== undefined) this.#open.client.lastError = error.code
    } else if (error.code !== 'REFUSED' || this.session === undefined || !world.factsOf(this.session).wasPortClosed)
      world.journal.violate('errors', `OnError of client ${this.index}: ${error.code} ${error.message}`)
  }

  #handleMessage(type: SoakType, content: Content | undefined): unknown {
    const { world } = this
    const session = this.#open
    world.journal.noteNumbers(session?.tag ?? 0, content?.serial ?? -1, type.id)
    if (session === undefined || session !== this.session) {
      world.journal.violate('events', `${type.name} came to client ${this.index} before it was let in, or after OnDisconnect`)
      return undefined
    }
    const problem = session.down.receive(type, content)
    if (problem !== undefined) world.journal.violate('messages', `client, of ${session.name}: ${problem}`)
    if (session.client.isSilenced) world.journal.violate('events', `${type.name} came to ${session.name} after disconnect()`)
    const message = content === undefined ? undefined : session.down.find(content)
    world.checkLifetime(message, 'server', this.index)
    world.journal.count(`arrived ${message?.delivery ?? type.delivery}`)
    return message === undefined ? undefined : this.react(message.reaction)
  }
}
