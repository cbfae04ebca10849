// What Client and Server have in common: the update loop, handlers, encoding, warnings. `update()` is the whole library on one screen:
// receive → expire → emit → transmit.
import { type CompleteClock, completeClock } from '../io/clock.js'
import { ConditionedTransport, type Conditioner } from '../io/conditioner.js'
import { type Entropy, systemEntropy } from '../io/entropy.js'
import { debug, isDebugging, warn } from '../io/log.js'
import { createTransport, isTransportKind } from '../io/select-transport.js'
import type { Datagram, Transport } from '../io/transport.js'
import type { AnyMessageType, MessageFactory } from '../messages/index.js'
import { describe } from '../messages/refusal.js'
import type { ReplyMessage, RequestMessage } from '../messages/request-definition.js'
import type { LoopTiming } from '../protocol/connection.js'
import { PayloadPool } from '../protocol/payload-pool.js'
import type { ConfirmOutcome } from '../sessions/system-messages.js'
import { MAX_DATAGRAMS_PER_UPDATE, MAX_QUEUED_EVENTS, MTU } from '../wire/limits.js'
import { Deadlines } from './deadlines.js'
import { DropLog } from './drop-log.js'
import { Emitter, type Handler, type OnOptions } from './emitter.js'
import { EventQueue, type LifeStep } from './event-queue.js'
import { Exchanges } from './exchanges.js'
import { FixedStepLoop, type Loop, type RunOptions } from './loop.js'
import { MessageEncoder } from './message-encoder.js'
import { Counters, DropCounters, Measured } from './metrics.js'
import { NetworkError, withCode } from './network-error.js'
import { checkConditioner, type EndpointOptions, readOptions, type Settings } from './options.js'
import { maxAckDelayFor, type PeerConnection, type PeerConnectionOptions, type SystemMessage } from './peer-connection.js'

/** The events of both kinds of endpoint. */
export interface EndpointEvents {
  OnMessage: { readonly type: AnyMessageType; readonly message: unknown }
  OnError: { readonly error: NetworkError }
}

/** A handler of one message type: the message, and whom it came from. */
export type MessageHandler<Source> = (message: any, source: Source) => unknown

/** An update this much later than the one before is a stall: a breakpoint, a long frame, a suspended laptop. Deadlines move by the excess. */
const STALL_MS = 250

/** While connect, disconnect or close are awaited, the endpoint updates itself this often. */
const DRIVE_MS = 10

/** Without an update for this long, an active endpoint warns. */
const IDLE_WARNING_MS = 1000

/** The loop's interval before it is known: 30 Hz. */
const ASSUMED_INTERVAL_MS = 33

/** What `Client` and `Server` have in common: the loop, handlers of events, metrics. Not made by itself. */
export abstract class NetworkEndpoint<Source, Events extends EndpointEvents> extends Measured {
  /** No connection, or on a server: it does not listen. */
  static readonly DISCONNECTED = 100
  /** The last connection, or attempt, ended by an error. Only on a client or a peer. */
  static readonly ERRORED = 101
  /** A server that takes connections. */
  static readonly LISTENING = 102
  /** A client between `connect()` and the server's answer. */
  static readonly CONNECTING = 103
  /** A client or peer that is in. */
  static readonly CONNECTED = 104
  /** Bytes of the largest datagram that is sent. */
  static readonly MTU = MTU

  /** What was received and could not be handed to the game, by cause. */
  readonly drops = new DropCounters()

  /** @internal */
  protected readonly settings: Settings
  /** @internal */
  protected readonly factory: MessageFactory
  /** @internal */
  protected readonly clock: CompleteClock
  /** @internal */
  protected readonly entropy: Entropy
  /** @internal */
  protected readonly transport: Transport
  /** @internal */
  protected readonly totals = new Counters()
  /** @internal */
  protected readonly events = new EventQueue<Source>()
  /** @internal */
  protected readonly emitter: Emitter<Events>
  /** @internal */
  protected readonly timing: LoopTiming = { intervalMs: ASSUMED_INTERVAL_MS, tick: 0, tickMs: 0 }
  /** @internal */
  protected readonly pool = new PayloadPool()
  /** @internal */
  protected readonly encoder: MessageEncoder
  /** What is asked and waited for, both ways. @internal */
  protected readonly exchanges: Exchanges<Source>
  /** @internal */
  protected readonly deadlines = new Deadlines()
  readonly #isServer: boolean
  readonly #conditioned: ConditionedTransport | undefined
  readonly #handlers: (MessageHandler<Source>[] | undefined)[] = []
  readonly #said = new Set<string>()
  readonly #dropLog = isDebugging
    ? new DropLog(
        () => ({ ...this.drops, ...this.netcodeCounters, ...this.transport.counters }),
        (text) => this.debug(text),
      )
    : undefined
  #connectionOptions: PeerConnectionOptions | undefined
  #isUpdating = false
  /** A promise was settled: whoever awaits it runs before the next event is emitted, however soon the next update comes. */
  #isEmitPaused = false
  #lastUpdateAt = Number.NEGATIVE_INFINITY
  #loop: FixedStepLoop | undefined
  /** Promises that wait and so drive the endpoint. */
  #drivers = 0
  #cancelDrive: (() => void) | undefined
  #cancelWatch: (() => void) | undefined

  /** @internal */
  constructor(options: EndpointOptions, isServer: boolean) {
    super()
    this.settings = readOptions(options)
    this.#isServer = isServer
    this.factory = options.messages
    this.factory.freeze()
    this.clock = completeClock(options.clock)
    this.entropy = options.entropy ?? systemEntropy
    this.transport = transportOf(options.transport, this.clock)
    if (options.conditioner !== undefined) {
      const { conditioner } = options
      checkConditioner(conditioner)
      this.#conditioned = new ConditionedTransport({ transport: this.transport, conditioner, clock: this.clock, entropy: this.entropy })
      this.transport = this.#conditioned
    }
    this.transport.onError = (error) => this.handleSocketError(error)
    this.transport.onReadable = () => {
      if (this.#drivers > 0) this.update()
    }
    this.emitter = new Emitter<Events>((error, event) => {
      if (event === 'OnError') this.warnOnce('OnError', `a handler of OnError failed: ${describeFailure(error)} (said once)`)
      else this.reportHandlerError(error)
    })
    this.encoder = new MessageEncoder(this.pool, this.factory, isServer, this.settings.maxMessageBytes)
    this.exchanges = this.#createExchanges()
  }

  /** How long nothing may arrive before a connection has ended, in ms; 0: for ever. */
  get timeout(): number {
    return this.settings.timeoutMs
  }

  /** Whether this endpoint is a server. */
  get isServer(): boolean {
    return this.#isServer
  }

  /** Whether a loop of `run()` drives this endpoint. */
  get isRunning(): boolean {
    return this.#loop !== undefined && !this.#loop.isStopped
  }

  /** Milliseconds of this endpoint's clock. A server's is what its clients know as `serverNow()`: the time to put into a snapshot. */
  now(): number {
    return this.clock.now()
  }

  /** Ticks that `run()` has run; 0 without it. */
  get tick(): number {
    return this.#loop?.tick ?? 0
  }

  /** What the link of this endpoint is made to do: the option `conditioner`; undefined without. */
  get conditioner(): Conditioner | undefined {
    return this.#conditioned?.conditioner
  }

  /** Holds for datagrams from now on. Throws a NetworkError `BAD_OPTION` where the endpoint was made without the option, as it would cost every endpoint something otherwise. */
  set conditioner(conditioner: Conditioner) {
    if (this.#conditioned === undefined)
      throw new NetworkError('BAD_OPTION', '"conditioner" expected an endpoint that was made with that option: give it [] to begin with')
    checkConditioner(conditioner)
    this.#conditioned.conditioner = conditioner
  }

  /**
   * Adds a handler of a step in a connection's life or of every message. Returns what removes it; `signal` removes it too.
   * What a handler throws or rejects with is reported through OnError and stops nothing.
   */
  on<K extends keyof Events & string>(event: K, handler: Handler<Events[K]>, options?: OnOptions): () => void {
    if (typeof handler !== 'function')
      throw withCode(new TypeError(`"handler" expected a function, got ${describe(handler)}`), 'BAD_OPTION')
    return this.emitter.on(event, handler, options)
  }

  /**
   * One round of the whole library: takes what has arrived, notices what has timed out, calls the handlers, and sends what they and you have queued.
   * Call it from your game loop, or let `run` do it. Safe in any state; inside a handler it does nothing.
   */
  update(): void {
    this.#update(undefined)
  }

  /** Sends what is queued now, without waiting for the next `update`. */
  flush(): void {
    if (this.isActive) this.#transmit()
  }

  /** Runs `update` and `onTick` at a fixed rate, until `stop()`, `signal` or the end of the endpoint. A second call ends the first loop. */
  run(options: RunOptions): Loop {
    FixedStepLoop.check(options)
    this.#loop?.stop()
    this.#loop = new FixedStepLoop(this.clock, this.timing, options, (ticks) => this.#update(ticks))
    return this.#loop
  }

  // ── For Client and Server ──

  /** Whether there is a socket to read and write. @internal */
  protected abstract get isActive(): boolean
  /** What the netcode layer ignored, by cause; undefined before there is one. */
  abstract get netcodeCounters(): Readonly<Record<string, number>> | undefined
  /** @internal */
  protected abstract handleDatagram(datagram: Datagram, now: number): void
  /** @internal */
  protected abstract expire(now: number): void
  /** @internal */
  protected abstract transmit(now: number): void
  /** Whether messages of this source still go to the game. @internal */
  protected abstract isHeard(source: Source): boolean
  /** @internal */
  protected abstract messageEvent(type: AnyMessageType, message: unknown, source: Source): Events['OnMessage']
  /** The connection that messages to this source go over; undefined where it has ended, or is not made yet. @internal */
  protected abstract connectionOf(source: Source): PeerConnection | undefined
  /** This side stalled: deadlines move by so many ms. @internal */
  protected abstract shift(ms: number, now: number): void
  /** @internal */
  protected abstract handleSocketError(error: Error & { code?: string }): void

  /** @internal */
  protected addMessageHandler(type: AnyMessageType, handler: MessageHandler<Source>): () => void {
    if (typeof handler !== 'function')
      throw withCode(new TypeError(`"handler" expected a function, got ${describe(handler)}`), 'BAD_OPTION')
    const id = type?.id
    if (typeof id !== 'number' || this.factory.typeById(id) !== type) {
      throw new NetworkError('UNKNOWN_MESSAGE', `onMessage() expected a message of this endpoint's MessageFactory, got ${describe(type)}`)
    }
    // A new array each time, so that a handler may add and remove handlers.
    this.#handlers[id] = [...(this.#handlers[id] ?? []), handler]
    let isRemoved = false
    return () => {
      if (isRemoved) return
      isRemoved = true
      const at = this.#handlers[id]?.indexOf(handler) ?? -1
      this.#handlers[id] = this.#handlers[id]?.filter((_, i) => i !== at)
    }
  }

  /** The step that takes one of the library's own messages, in its place among the game's. @internal */
  protected systemStep(source: Source, message: SystemMessage): LifeStep {
    return () => {
      if (this.isHeard(source)) this.exchanges.handleSystem(source, message)
      return undefined
    }
  }

  /** What every connection of this endpoint shares. @internal */
  protected connectionOptions(): PeerConnectionOptions {
    const { settings, factory, pool, encoder, timing, totals, drops, deadlines } = this
    const maxAckDelayMs = settings.maxAckDelayMs ?? maxAckDelayFor(this.isRunning ? timing.tickMs : ASSUMED_INTERVAL_MS)
    const fillsPackets = this.transport.segmentBytes === MTU
    const last = this.#connectionOptions
    if (last?.maxAckDelayMs === maxAckDelayMs && last.fillsPackets === fillsPackets) return last
    this.#connectionOptions = {
      settings,
      factory,
      isServer: this.#isServer,
      pool,
      encoder,
      timing,
      maxAckDelayMs,
      fillsPackets,
      totals,
      drops,
      deadlines,
    }
    return this.#connectionOptions
  }

  /** Called when the socket has opened: from now on someone should call update(). `since`: when the first deadline was set; a stall between then and the first update moves it. @internal */
  protected begin(since: number): void {
    this.#lastUpdateAt = since
    this.#cancelWatch?.()
    this.#watch()
  }

  /** Called when the endpoint is not active any more. @internal */
  protected end(): void {
    this.#cancelWatch?.()
    this.#cancelWatch = undefined
  }

  /** Ends the loop of `run()`. @internal */
  protected stopLoop(): void {
    this.#loop?.stop()
  }

  /** Updates by itself while a promise waits. @internal */
  protected drive<T>(promise: Promise<T>): Promise<T> {
    this.#drivers++
    if (this.#drivers === 1) {
      this.transport.watch?.(true)
      this.#driveAgain()
    }
    const done = (): void => {
      this.#drivers--
      if (this.#drivers > 0) return
      this.transport.watch?.(false)
      this.#cancelDrive?.()
    }
    promise.then(done, done) // and so no rejection is ever unhandled
    return promise
  }

  /** Reports through OnError; without a handler of it, prints each code once. @internal */
  protected report(error: NetworkError, source?: Source): void {
    if (this.emitter.has('OnError')) this.emitter.emit('OnError', this.errorEvent(error, source))
    else
      this.warnOnce(
        `error ${error.code}`,
        `${error.message}${error.cause instanceof Error ? `: ${error.cause.stack}` : ''} (no OnError handler; said once per code)`,
      )
  }

  /** @internal */
  protected abstract errorEvent(error: NetworkError, source: Source | undefined): Events['OnError']

  /** @internal */
  protected reportHandlerError(cause: unknown, source?: Source): void {
    this.report(new NetworkError('HANDLER', `a handler failed: ${describeFailure(cause)}`, { cause }), source)
  }

  /** @internal */
  protected warnOnce(key: string, text: string): void {
    if (this.#said.has(key)) return
    this.#said.add(key)
    warn(text)
  }

  /** @internal */
  protected debug(text: string): void {
    if (isDebugging) debug(`${this.#isServer ? 'server' : 'client'}: ${text}`)
  }

  // ── The loop ──

  #update(ticks: (() => void) | undefined): void {
    if (this.#isUpdating) return
    this.#isUpdating = true
    try {
      const now = this.clock.now()
      this.#noteUpdate(now)
      if (this.isActive) {
        this.#receive(now)
        this.expire(now)
      }
      this.exchanges.expire(now)
      if (!this.#isEmitPaused) this.#emit()
      if (ticks !== undefined) this.#runTicks(ticks)
      if (this.isActive) this.#transmit()
    } finally {
      this.#isUpdating = false
    }
  }

  #receive(now: number): void {
    for (let left = MAX_DATAGRAMS_PER_UPDATE; left > 0 && this.events.length < MAX_QUEUED_EVENTS; left--) {
      const datagram = this.transport.receive()
      if (datagram === undefined) return
      this.totals.inPackets++
      this.totals.inBytes += datagram.length
      this.handleDatagram(datagram, now)
    }
  }

  /** Calls the handlers, in the order in which things happened. */
  #emit(): void {
    const { events } = this
    while (events.next()) {
      const { type, value, source } = events
      if (type === undefined) {
        // Steps are the only events without a type.
        if ((value as () => boolean | undefined)()) {
          this.#pauseEmit()
          return
        }
      } else if (this.isHeard(source!)) this.#emitMessage(type, value, source!)
    }
  }

  #emitMessage(type: AnyMessageType, message: unknown, source: Source): void {
    const handlers = this.#handlers[type.id]
    const hasListener = this.emitter.messageListeners > 0
    if (handlers === undefined || handlers.length === 0) {
      if (!hasListener)
        this.warnOnce(`no handler ${type.name}`, `${type.name} arrived, and no handler takes it: use onMessage(${type.name}, …)`)
    } else {
      for (let i = 0; i < handlers.length; i++) {
        try {
          const result = handlers[i]!(message, source)
          if (result instanceof Promise) result.catch((error: unknown) => this.reportHandlerError(error, source))
        } catch (error) {
          this.reportHandlerError(error, source)
        }
      }
    }
    if (hasListener) this.emitter.emit('OnMessage', this.messageEvent(type, message, source))
  }

  /** As #emitMessage, for a message whose sender waits to hear what became of it. */
  #emitConfirmable(type: AnyMessageType, message: unknown, source: Source, settle: (outcome: ConfirmOutcome) => void): void {
    const handlers = this.#handlers[type.id] ?? []
    const hasListener = this.emitter.messageListeners > 0
    if (handlers.length === 0 && !hasListener) {
      settle('no-handler')
      return
    }
    let open = 1 // this loop itself, so that nothing is settled before its end
    let hasFailed = false
    const end = (isFailure: boolean): void => {
      hasFailed ||= isFailure
      if (--open === 0) settle(hasFailed ? 'handler' : 'handled')
    }
    const fail = (error: unknown): void => {
      this.reportHandlerError(error, source)
      end(true)
    }
    for (const handler of handlers) {
      open++
      try {
        const result = handler(message, source)
        if (result instanceof Promise) result.then(() => end(false), fail)
        else end(false)
      } catch (error) {
        fail(error)
      }
    }
    if (hasListener) {
      open++
      this.emitter.ask('OnMessage', this.messageEvent(type, message, source), end)
    }
    end(false)
  }

  #createExchanges(): Exchanges<Source> {
    const { factory, encoder, drops } = this
    const isServer = this.#isServer
    const exchanges = new Exchanges<Source>({
      factory,
      encoder,
      drops,
      isServer,
      now: () => this.clock.now(),
      connectionOf: (source) => this.connectionOf(source),
      soon: (step) =>
        this.events.pushStep(() => {
          step()
          return undefined
        }),
      confirmable: (type, message, source, settle) => this.#emitConfirmable(type, message, source, settle),
      reportHandlerError: (cause, source) => this.reportHandlerError(cause, source),
      warnOnce: (key, text) => this.warnOnce(key, text),
    })
    const { requests } = exchanges
    for (const request of factory.requests) {
      // The codecs of these messages give what the handlers take.
      this.addMessageHandler(request.message, (message: RequestMessage, source) => requests.handleRequest(source, request, message))
      this.addMessageHandler(request.reply, (message: ReplyMessage, source) => requests.handleReply(source, request, message))
    }
    return exchanges
  }

  #pauseEmit(): void {
    this.#isEmitPaused = true
    void Promise.resolve().then(() => {
      this.#isEmitPaused = false
    })
  }

  #runTicks(ticks: () => void): void {
    try {
      ticks()
    } catch (error) {
      this.reportHandlerError(error)
    }
  }

  #transmit(): void {
    const now = this.clock.now()
    this.timing.tick = this.isRunning ? this.#loop!.tickAt(now) : 0
    this.transmit(now)
    this.transport.flush?.()
  }

  /** Measures the loop's interval, and moves deadlines where this side stalled. */
  #noteUpdate(now: number): void {
    const elapsed = now - this.#lastUpdateAt
    this.#lastUpdateAt = now
    if (elapsed > STALL_MS) {
      if (this.isActive) this.shift(elapsed - STALL_MS, now)
      this.exchanges.shift(elapsed - STALL_MS)
    } else if (this.timing.tickMs === 0) this.timing.intervalMs += (elapsed - this.timing.intervalMs) / 8
    this.#dropLog?.check(now)
  }

  #driveAgain(): void {
    this.#cancelDrive = this.clock.setTimer(DRIVE_MS, () => {
      if (this.#drivers === 0) return
      this.#driveAgain()
      this.update()
    })
  }

  /** Warns where a whole second passes without an update. A long frame counts as none: it holds this timer up too. */
  #watch(): void {
    const since = this.clock.now()
    this.#cancelWatch = this.clock.setTimer(
      IDLE_WARNING_MS,
      () => {
        if (!this.isActive) return
        if (this.#lastUpdateAt > since) this.#watch()
        else this.warnOnce('idle', `nobody calls update() on this ${this.#isServer ? 'server' : 'client'}; use run({ hz })`)
      },
      true,
    )
  }
}

/** The transport that an option asks for. */
export function transportOf(transport: EndpointOptions['transport'] = 'auto', clock: CompleteClock): Transport {
  if (typeof transport === 'object' && transport !== null && typeof transport.open === 'function') return transport
  if (!isTransportKind(transport))
    throw withCode(
      new TypeError(`"transport" expected 'auto', 'dgram', 'batched' or a Transport, got ${describe(transport)}`),
      'BAD_OPTION',
    )
  try {
    return createTransport(transport, clock)
  } catch (error) {
    throw withCode(error as Error, 'BAD_OPTION')
  }
}

/** What a handler threw, in words; a thrown object may have no text of its own. */
export function describeFailure(cause: unknown): string {
  return cause instanceof Error ? cause.message : describe(cause)
}
