// `tickwire ping`: whether a server is there, how far away it is, and whether it would let a client in.
import { parseArgs } from 'node:util'
import { discover, type FoundServer } from 'tickwire'
import {
  type Address,
  canonicalHost,
  formatAddress,
  generateConnectToken,
  protocolIdOf,
  readConnectToken,
  selectCrypto,
  systemEntropy,
} from 'tickwire/netcode'
import { OPEN_PRIVATE_KEY, OPEN_TOKEN_SECONDS } from '../../lib/endpoint/open-mode.js'
import { resolveHost } from '../../lib/io/resolve-host.js'
import { type Command, EXIT, readArguments, readHostAndPort, readInteger, UsageError } from '../command.js'
import { readToken } from '../key-files.js'
import { loadDefinitions } from '../load-definitions.js'
import { type Outcome, type Verdict, verdictOf } from '../ping/outcome.js'
import { PingSession, type SessionFailure } from '../ping/ping-session.js'
import { pingJson, pingLine, sessionJson, sessionLine, statisticsLines, summaryJson } from '../ping/report.js'
import { statisticsOf } from '../ping/statistics.js'
import type { Terminal } from '../terminal.js'

const HELP = `tickwire ping <host:port> [options]
tickwire ping --token FILE [<host:port>] [options]

Connects to a server, measures the round trip, and asks whether it would let a client in. It needs none of the game's messages and joins no game, unless
--messages is given. A ping waits for the server's update(); that wait is told apart, and is not in the round trip.

  --game NAME        the option game of the server (tickwire)
  --count N          pings; 0: until Ctrl-C (5)
  --interval MS      from one to the next, from 100 (500)
  --timeout MS       how long the server may be silent, from 100 (3000); a ping waits for at most 1000
  --token FILE       for a server in token mode: a connect token, raw or as base64; - for standard input. It serves for one session, so at most 3 s of pings
  --messages FILE    a compiled module that exports a MessageFactory: compares its definitions with the server's, and joins for a moment where all fits
  --json             JSON lines: {"type":"session",…}, {"type":"ping",…} each, {"type":"summary","outcome":…,…}

Outcomes: open, joined; unresolved (wrong host), refused (dead port), unreachable, silent, full, not-accepting, definitions (mismatched client), version,
rejected, undecided, malformed, auth-failed, already-connected, no-word, token-expired, ended, lost, interrupted.
Exit codes: 0 open or joined; 1 any other; 2 wrong usage; 130 Ctrl-C.`

const OPTIONS = {
  game: { type: 'string' },
  count: { type: 'string' },
  interval: { type: 'string' },
  timeout: { type: 'string' },
  token: { type: 'string' },
  messages: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** A server frees a slot without a Hello after 5 s: the session is renewed long before that, so that a Hello still finds it. */
const MAX_SESSION_MS = 3000

/** A ping without an answer for this long is lost. */
const MAX_PING_MS = 1000

/** Handlers of OnConnectRequest have 10 s. */
const DECISION_MS = 11_000

/** Addresses of one name that are tried. */
const MAX_ADDRESSES = 4

/** How long LAN discovery is asked about a server that is silent. */
const HINT_MS = 600

interface PingOptions {
  readonly target: string
  readonly game: string
  readonly count: number
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Undefined in open mode. */
  readonly token: Uint8Array | undefined
  readonly definitions: readonly number[] | undefined
  readonly isJson: boolean
}

export const ping: Command = {
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = readArguments(OPTIONS, () => parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true }))
    if (positionals.length > 1) throw new UsageError(`ping expected one <host:port>, got ${positionals.length}`)
    const token = values.token === undefined ? undefined : await readToken(values.token)
    const target = targetOf(positionals[0], token)
    checkGame(values.game, token)
    const options: PingOptions = {
      target,
      game: values.game ?? 'tickwire',
      count: readInteger('count', values.count, 5, 0, 1_000_000),
      intervalMs: readInteger('interval', values.interval, 500, 100, 60_000),
      timeoutMs: readInteger('timeout', values.timeout, 3000, 100, 60_000),
      token,
      definitions: values.messages === undefined ? undefined : await loadDefinitions(values.messages),
      isJson: values.json ?? false,
    }
    return new Pinging(options, terminal).run()
  },
}

class Pinging {
  readonly #options: PingOptions
  readonly #terminal: Terminal
  readonly #rtts: (number | undefined)[] = []
  #session: PingSession | undefined
  #address: Address | undefined
  #detail = ''
  #wasAnswered = false

  constructor(options: PingOptions, terminal: Terminal) {
    this.#options = options
    this.#terminal = terminal
  }

  async run(): Promise<number> {
    try {
      const outcome = (await this.#reach()) ?? (await this.#measure()) ?? (await this.#ask())
      return await this.#conclude(outcome)
    } finally {
      await this.#session?.close()
    }
  }

  /** Resolves the host, and opens a session at the first of its addresses that has one. Resolves to why there is none. */
  async #reach(): Promise<Outcome | undefined> {
    const { target, token, isJson } = this.#options
    const { host, port } = readHostAndPort(target)
    if (token !== undefined && Number(readConnectToken(token)!.expireUnixSeconds) * 1000 <= Date.now()) return 'token-expired'
    let addresses: Address[]
    try {
      addresses = await resolveHost(host, port)
    } catch (error) {
      this.#detail = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      return 'unresolved'
    }
    let outcome: Outcome | undefined
    for (const address of addresses.slice(0, MAX_ADDRESSES)) {
      if (outcome !== undefined && !isJson)
        this.#terminal.print(`${formatAddress(this.#address!)}: ${outcome}; another address of ${host} is tried`)
      outcome = await this.#open({ ...address, host: canonicalHost(address.host) })
      if (outcome === undefined || outcome === 'full' || outcome === 'interrupted') return outcome
    }
    return outcome
  }

  async #open(address: Address): Promise<Outcome | undefined> {
    const { timeoutMs, token, isJson } = this.#options
    await this.#session?.close()
    const isRenewal = this.#address === address
    this.#address = address
    const session = new PingSession({ address, token: token ?? this.#openToken(address), timeoutMs, signal: this.#terminal.signal })
    this.#session = session
    const failure = await session.open()
    this.#detail = session.errorText
    this.#wasAnswered = session.answeredMs !== undefined
    const { answeredMs, connectedMs } = session
    if (failure !== undefined || answeredMs === undefined || connectedMs === undefined) return this.#outcomeOf(failure ?? 'silent')
    if (isRenewal) return undefined
    if (isJson) this.#terminal.printJson(sessionJson(address, answeredMs, connectedMs))
    else this.#terminal.print(sessionLine(address, answeredMs, connectedMs))
    return undefined
  }

  /** Pings until the count is full, or Ctrl-C. Resolves to why it ended early. */
  async #measure(): Promise<Outcome | undefined> {
    const { count, intervalMs, timeoutMs, isJson } = this.#options
    const pingMs = Math.min(timeoutMs, MAX_PING_MS)
    for (let number = 1; count === 0 || number <= count; number++) {
      const failure = await this.#renew()
      if (failure !== undefined) return failure
      const begun = performance.now()
      const pong = await this.#session!.ping(pingMs)
      if (this.#terminal.isInterrupted) return 'interrupted'
      this.#rtts.push(pong?.rttMs)
      if (isJson) this.#terminal.printJson(pingJson(number, pong))
      else this.#terminal.print(this.#terminal.paint(pong === undefined ? 'red' : 'green', pingLine(number, pong, pingMs)))
      if (this.#session!.failure !== undefined) return this.#outcomeOf(this.#session!.failure)
      if (number === count) break
      const pauseMs = intervalMs - (performance.now() - begun)
      if (this.#isLastOfToken(pauseMs)) break
      await this.#terminal.sleep(pauseMs)
      if (this.#terminal.isInterrupted) return 'interrupted'
    }
    return undefined
  }

  /** Whether the server would let a client in. */
  async #ask(): Promise<Outcome> {
    const { definitions, timeoutMs } = this.#options
    const failure = await this.#renew()
    if (failure !== undefined) return failure
    const isEveryPingLost = this.#rtts.every((rtt) => rtt === undefined)
    // A hash that no definition has: without definitions of its own it asks, and is never let in.
    const answer = await this.#session!.ask(definitions ?? [0], definitions === undefined ? timeoutMs : Math.max(timeoutMs, DECISION_MS))
    if (this.#terminal.isInterrupted) return 'interrupted'
    if (answer === undefined) return this.#outcomeOf(this.#session!.failure ?? (isEveryPingLost ? 'lost' : undefined)) ?? 'no-word'
    if (answer.kind === 'welcome') return 'joined'
    if (answer.reason === 'definitions' && definitions === undefined) return 'open'
    this.#detail = answer.detail
    return answer.reason
  }

  async #conclude(outcome: Outcome): Promise<number> {
    const { target, game, token, timeoutMs, isJson } = this.#options
    const verdict = verdictOf({
      outcome,
      target,
      game,
      hasToken: token !== undefined,
      detail: this.#detail,
      timeoutMs,
      wasAnswered: this.#wasAnswered,
      advertised: outcome === 'silent' ? await this.#findAdvertised() : undefined,
    })
    const statistics = statisticsOf(this.#rtts)
    if (isJson) this.#terminal.printJson(summaryJson(outcome, statistics, this.#detail, verdict))
    else {
      if (this.#rtts.length > 0) for (const line of statisticsLines(statistics)) this.#terminal.print(line)
      this.#printVerdict(verdict)
    }
    if (this.#terminal.isInterrupted) return EXIT.interrupted
    return verdict.isGood ? EXIT.fine : EXIT.notSo
  }

  #printVerdict({ isGood, text, advice }: Verdict): void {
    const colour = isGood ? 'green' : this.#terminal.isInterrupted ? 'yellow' : 'red'
    this.#terminal.print(this.#terminal.paint(colour, text))
    for (const line of advice) this.#terminal.print(`  ${line}`)
  }

  /** A new session where this one grows old; in token mode there is only one. */
  async #renew(): Promise<Outcome | undefined> {
    if (this.#options.token !== undefined || this.#session!.ageMs < MAX_SESSION_MS) return undefined
    return this.#open(this.#address!)
  }

  #isLastOfToken(pauseMs: number): boolean {
    const { token, isJson } = this.#options
    if (token === undefined || this.#session!.ageMs + pauseMs < MAX_SESSION_MS) return false
    if (!isJson) this.#terminal.note('A token serves for one session, and a server waits 5 s for its Hello: no further pings.')
    return true
  }

  #outcomeOf(failure: SessionFailure): Outcome
  #outcomeOf(failure: SessionFailure | undefined): Outcome | undefined
  #outcomeOf(failure: SessionFailure | undefined): Outcome | undefined {
    if (failure !== 'denied') return failure
    this.#detail = 'every slot is taken'
    return 'full'
  }

  /** As a client in open mode does it. */
  #openToken(address: Address): Uint8Array {
    const { game, timeoutMs } = this.#options
    const id = new Uint8Array(8)
    systemEntropy.fill(id)
    return generateConnectToken({
      protocolId: protocolIdOf(game),
      privateKey: OPEN_PRIVATE_KEY,
      serverAddresses: [address],
      clientId: new DataView(id.buffer).getBigUint64(0),
      expireSeconds: OPEN_TOKEN_SECONDS,
      timeoutSeconds: Math.ceil(timeoutMs / 1000),
      createUnixSeconds: Math.floor(Date.now() / 1000),
      entropy: systemEntropy,
      crypto: selectCrypto(),
    })
  }

  /** What LAN discovery knows of a server that is silent: only this host, and the host that was asked for, are asked. */
  async #findAdvertised(): Promise<FoundServer | undefined> {
    const { host, port } = this.#address!
    const { signal } = this.#terminal
    const isLocal = host === '127.0.0.1' || host === '::1'
    try {
      for await (const found of discover({ interfaces: 'loopback', addresses: isLocal ? [] : [host], timeoutMs: HINT_MS, signal }))
        if (found.port === port && (found.host === host || isLocal)) return found
    } catch {} // a hint that cannot be had
    return undefined
  }
}

/** The address to ping: as given, and where a token is given, one of those that it names. */
function targetOf(text: string | undefined, token: Uint8Array | undefined): string {
  if (token === undefined) {
    if (text === undefined) throw new UsageError('ping expected <host:port>')
    readHostAndPort(text)
    return text
  }
  const read = readConnectToken(token)
  if (read === undefined)
    throw new UsageError(
      '--token expected the 2048 bytes of a connect token, raw or as base64, got something else; see tickwire token inspect',
    )
  const named = read.serverAddresses.map(formatAddress)
  if (text === undefined) return named[0]!
  readHostAndPort(text)
  if (named.includes(text)) return text
  throw new UsageError(`the token is for ${named.join(', ')}, not for ${text}: give one of these as <host:port>, or leave it out`)
}

function checkGame(game: string | undefined, token: Uint8Array | undefined): void {
  if (game === '') throw new UsageError('--game expected a name, got ""')
  if (game === undefined || token === undefined || readConnectToken(token)!.protocolId === protocolIdOf(game)) return
  throw new UsageError(`the token is not for the game ${JSON.stringify(game)}: with --token, --game can be left out`)
}
