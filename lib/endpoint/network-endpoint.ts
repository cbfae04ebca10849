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
import { Jobs } from '../sessions/jobs.js'
import type { MessageStream } from '../sessions/message-stream.js'
import { MessageWaits, type StreamOptions } from '../sessions/message-waits.js'
import { type Middleware, MiddlewareChain } from '../sessions/middleware.js'
import { onAbort } from '../sessions/on-abort.js'
import type { ConfirmOutcome } from '../sessions/system-messages.js'
import { type Tap, Taps } from '../sessions/taps.js'
import { UpdateTimes } from '../sessions/update-times.js'
import type { WaitOptions } from '../sessions/wait-options.js'
import {
  MAX_DATAGRAMS_PER_UPDATE,
  MAX_MESSAGE_WAITS,
  MAX_QUEUED_EVENTS,
  MAX_STREAM_MESSAGES,
  MTU,
  STREAM_MESSAGES,
} from '../wire/limits.js'
import { Deadlines } from './deadlines.js'
import { DropLog, describeRisen } from './drop-log.js'
import { Emitter, type Handler, type OnOptions } from './emitter.js'
import { EndpointDiagnostics } from './endpoint-diagnostics.js'
import { EventQueue, type LifeStep } from './event-queue.js'
import { Exchanges } from './exchanges.js'
import { FixedStepLoop, type Loop, type RunOptions } from './loop.js'
import { MessageEncoder, type Preview } from './message-encoder.js'
import { Counters, DropCounters, Measured } from './metrics.js'
import { NetworkError, withCode } from './network-error.js'
import { checkConditioner, checkInteger, type EndpointOptions, MAX_TIMER_MS, readNumber, readOptions, type Settings } from './options.js'
import { maxAckDelayFor, type PeerConnection, type PeerConnectionOptions, type SystemMessage } from './peer-connection.js'
import { readWaitOptions } from './waiting.js'

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

/** What `Client` and `Server` have in common: the loop, handlers of events, metrics. Not made by itself. `Remote`: what taps and middleware know the other side by. */
export abstract class NetworkEndpoint<Source, Events extends EndpointEvents, Remote extends object = never> extends Measured {
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
  /** @internal */
  protected readonly taps: Taps<Remote>
  /** @internal */
  protected readonly middleware: MiddlewareChain<Remote>
  /** Promises and iterators of the game that wait for messages. @internal */
  protected readonly waits: MessageWaits<Source>
  /** Only a server's are asked for. @internal */
  protected readonly updateTimes: UpdateTimes | undefined
  /** @internal */
  protected readonly diagnostics: EndpointDiagnostics
  readonly #jobs = new Jobs((error) => this.reportHandlerError(error))
  readonly #isServer: boolean
  readonly #conditioned: ConditionedTransport | undefined
  readonly #handlers: (MessageHandler<Source>[] | undefined)[] = []
  readonly #said = new Set<string>()
  readonly #dropLog = isDebugging
    ? new DropLog(
        () => this.#readDrops(),
        (risen) => this.debug(describeRisen(risen)),
      )
    : undefined
  #connectionOptions: PeerConnectionOptions | undefined
  #isUpdating = false
  /** A step has settled a promise, or a message one of `waitFor`. */
  #hasSettled = false
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
    this.taps = new Taps<Remote>({
      report: (error) => this.reportHandlerError(error),
      reportLater: (error) => this.reportLater(new NetworkError('HANDLER', `a tap failed: ${describeFailure(error)}`, { cause: error })),
    })
    this.middleware = new MiddlewareChain<Remote>({
      drops: this.drops,
      report: (error, remote) => this.reportHandlerError(error, this.sourceOf(remote)),
    })
    this.waits = new MessageWaits<Source>({
      addHandler: (type, handler) => this.addMessageHandler(type, handler),
      now: () => this.clock.now(),
      timedOut: (type, ms) => new NetworkError('TIMEOUT', `no ${type.name} that was waited for came within ${ms} ms`),
      ended: (type) => new NetworkError('DISCONNECTED', `the connection ended before a ${type.name} that was waited for came`),
      full: () => new NetworkError('OVERFLOW', `more than ${MAX_MESSAGE_WAITS} waits and streams are open on this endpoint`),
      handleSettled: () => {
        this.#hasSettled = true
      },
    })
    this.exchanges = this.#createExchanges()
    this.updateTimes = isServer ? new UpdateTimes() : undefined
    this.diagnostics = new EndpointDiagnostics(this, this.taps, () => this.#readDrops())
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
    if (this.isActive && !this.taps.isInPacket) this.#transmit()
  }

  /** Runs `update` and `onTick` at a fixed rate, until `stop()`, `signal` or the end of the endpoint. A second call ends the first loop. */
  run(options: RunOptions): Loop {
    FixedStepLoop.check(options)
    this.#loop?.stop()
    this.#loop = new FixedStepLoop(this.clock, this.timing, options, (ticks) => this.#update(ticks))
    return this.#loop
  }

  /** Looks on as packets and messages pass. Returns what ends that. Costs nothing without one. */
  tap(tap: Tap<Remote>): () => void {
    checkFunctions('tap', tap, ['packet', 'message'])
    return this.taps.add(tap)
  }

  /**
   * Puts middleware between the game and its messages, behind what is there: it may change or drop each. Returns what takes it away.
   *
   * @example
   * server.use({ receive: (type, message, peer) => (isMuted(peer) && type === Chat ? undefined : message) })
   */
  use(middleware: Middleware<Remote>): () => void {
    checkFunctions('use', middleware, ['send', 'receive'])
    return this.middleware.add(middleware)
  }

  /**
   * Runs a job inside `update()` every so many ms (1 to 2^31 − 1), before what it sends leaves; the first time after one interval. Its times do not drift; what a late update has missed is made up for once. An asynchronous job that has
   * not ended is not begun again. What it throws or rejects with is reported through OnError. Returns what stops it; `signal` does too.
   *
   * @example
   * server.every(60_000, () => saveWorld())
   */
  every(intervalMs: number, job: () => unknown, options: OnOptions = {}): () => void {
    if (intervalMs === undefined) throw withCode(new TypeError('"intervalMs" expected a number, got undefined'), 'BAD_OPTION')
    readNumber('intervalMs', intervalMs, 0, 1, MAX_TIMER_MS)
    if (typeof job !== 'function') throw withCode(new TypeError(`"job" expected a function, got ${describe(job)}`), 'BAD_OPTION')
    const stop = this.#jobs.add(intervalMs, job, this.clock.now())
    const release = onAbort(options.signal, stop)
    return () => {
      stop()
      release()
    }
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
  /** What taps and middleware know the source by, and back. @internal */
  protected abstract remoteOf(source: Source): Remote | undefined
  /** @internal */
  protected abstract sourceOf(remote: Remote | undefined): Source | undefined
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
    const { settings, factory, pool, encoder, timing, totals, drops, deadlines, taps, middleware } = this
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
      taps,
      middleware,
    }
    return this.#connectionOptions
  }

  /** As `onMessage` of Client and Server, with what waits for one. @internal */
  protected waitForMessage<T>(
    type: AnyMessageType,
    predicate: ((message: any, source: Source) => boolean) | undefined,
    options: WaitOptions | undefined,
    resultOf: (message: any, source: Source) => T,
  ): Promise<T> {
    if (predicate !== undefined && typeof predicate !== 'function')
      throw withCode(new TypeError(`"predicate" expected a function, got ${describe(predicate)}`), 'BAD_OPTION')
    const { timeoutMs, signal } = readWaitOptions(options, Number.POSITIVE_INFINITY)
    return this.waits.waitFor(type, predicate, timeoutMs, signal, resultOf)
  }

  /** @internal */
  protected streamMessages<T>(
    type: AnyMessageType,
    options: StreamOptions,
    resultOf: (message: any, source: Source) => T,
  ): MessageStream<T> {
    const { limit = STREAM_MESSAGES, signal } = options
    checkInteger('limit', limit, 1, MAX_STREAM_MESSAGES, 'BAD_OPTION')
    return this.waits.stream(type, limit, signal, resultOf)
  }

  /** @internal */
  protected previewMessage(type: AnyMessageType, values: unknown, maxMessageBytes: number): Preview {
    const preview = this.encoder.preview(type, values)
    if (preview.size > maxMessageBytes) throw this.encoder.tooLarge(type, preview.size, maxMessageBytes)
    return preview
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
    this.diagnostics.tellError(source === undefined ? undefined : this.remoteOf(source), error)
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

  /** Calls a function of the game, whose errors stop nothing. @internal */
  protected callHandler(handler: () => unknown, source?: Source): void {
    try {
      const result = handler()
      if (result instanceof Promise) result.catch((error: unknown) => this.reportHandlerError(error, source))
    } catch (error) {
      this.reportHandlerError(error, source)
    }
  }

  /** In its place among the events, where a handler may do anything. @internal */
  protected reportLater(error: NetworkError, source?: Source): void {
    this.events.pushStep(() => {
      this.report(error, source)
      return undefined
    })
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
    if (this.#isUpdating || this.taps.isInPacket) return
    this.#isUpdating = true
    try {
      const now = this.clock.now()
      this.#noteUpdate(now)
      this.diagnostics.follow(now)
      if (this.isActive) {
        this.#receive(now)
        this.expire(now)
      }
      if (!this.#isEmitPaused) this.#emit()
      if (!this.#isEmitPaused) {
        this.exchanges.expire(now) // behind all that has come in time
        this.waits.expire(now)
      }
      this.#jobs.run(now)
      if (ticks !== undefined) this.#runTicks(ticks)
      if (this.isActive) this.#transmit()
      this.updateTimes?.add(now, this.clock.now() - now)
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
        if ((value as () => boolean | undefined)()) this.#hasSettled = true
      } else if (this.isHeard(source!)) {
        if (this.taps.seesMessages || this.middleware.receives) this.#emitWatched(type, value, source!)
        else this.#emitMessage(type, value, source!)
      }
      if (this.#hasSettled) {
        this.#hasSettled = false
        this.#pauseEmit()
        return
      }
    }
  }

  #emitWatched(type: AnyMessageType, message: unknown, source: Source): void {
    const passed = this.#incoming(type, message, source)
    if (!this.isHeard(source)) return
    if (passed !== undefined) this.#emitMessage(type, passed, source)
    else this.exchanges.requests.handleDropped(source, type, message)
  }

  /** Past taps and middleware; undefined where it was dropped. */
  #incoming(type: AnyMessageType, message: unknown, source: Source): unknown {
    const { taps, middleware } = this
    const remote = this.remoteOf(source)
    if (taps.seesMessages) taps.message('in', remote, type, message)
    return middleware.receives ? middleware.receive(type, message, remote) : message
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

  /** As #emitWatched and #emitMessage, for a message whose sender waits to hear what became of it. */
  #emitConfirmable(type: AnyMessageType, received: unknown, source: Source, settle: (outcome: ConfirmOutcome) => void): void {
    const message = this.#incoming(type, received, source)
    if (message === undefined || !this.isHeard(source)) {
      settle('no-handler')
      return
    }
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
      outgoing: (type, values, source) => {
        if (!this.middleware.sends || this.connectionOf(source) === undefined) return values // what goes nowhere passes nothing
        return this.middleware.send(type, values, this.remoteOf(source))
      },
      tellSent: (type, values, source) => {
        if (this.taps.seesMessages) this.taps.message('out', this.remoteOf(source), type, values)
      },
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
      if (this.isActive) {
        this.shift(elapsed - STALL_MS, now)
        this.waits.shift(elapsed - STALL_MS)
      }
      this.exchanges.shift(elapsed - STALL_MS)
    } else if (this.timing.tickMs === 0) this.timing.intervalMs += (elapsed - this.timing.intervalMs) / 8
    this.#dropLog?.check(now)
  }

  #readDrops(): Readonly<Record<string, number>> {
    const { netcodeCounters } = this
    // Requests above their rate and packets above theirs have one name.
    const rateLimited = this.drops.rateLimited + (netcodeCounters?.rateLimited ?? 0)
    return { ...this.drops, ...netcodeCounters, ...this.transport.counters, rateLimited }
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

/** Throws where an argument is no object with at least one of these functions. */
function checkFunctions(name: string, value: object, members: readonly string[]): void {
  const given = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  const functions = members.filter((member) => given[member] !== undefined)
  if (functions.length > 0 && functions.every((member) => typeof given[member] === 'function')) return
  throw withCode(
    new TypeError(`${name}() expected an object with a function ${members.join(' or ')}, got ${describe(value)}`),
    'BAD_OPTION',
  )
}

/** What a handler threw, in words; a thrown object may have no text of its own. */
export function describeFailure(cause: unknown): string {
  return cause instanceof Error ? cause.message : describe(cause)
}
