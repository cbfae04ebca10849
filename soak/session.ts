// One attempt to connect and the connection that may come of it, as the game on both sides saw it; and whether its ends fit what was done.
import type { EndReason, NetworkError, RejectReason } from '../lib/index.js'
import { RejectedError } from '../lib/index.js'
import { Flow } from './flow.js'
import type { Plan } from './operations.js'

/** How a connection ended on one side. */
export interface End {
  readonly reason: EndReason
  readonly detail: string
  readonly data: unknown
  readonly at: number
}

/** What one side saw. */
export class Side {
  /** When its event of acceptance came. */
  acceptedAt: number | undefined
  end: End | undefined
  /** The game on this side has ended it: no message may be handed out after that. */
  isSilenced = false
  /** A reliable message did not fit into the send queue. */
  hasOverflowed = false
  /** The process has vanished: it owes nothing any more. */
  isGone = false
  /** The last error of this connection that OnError reported. */
  lastError: string | undefined
  /** When the last datagram arrived that its peer had sent and nobody had changed. */
  heardAt: number

  constructor(now: number) {
    this.heardAt = now
  }

  get isOpen(): boolean {
    return this.acceptedAt !== undefined && this.end === undefined
  }
}

/** What was asked for when one side ended the connection. */
export interface Farewell {
  readonly at: number
  readonly detail: string
  /** The other side was owed nothing that could not arrive in time: the network was good, both sides were at work, and little waited. */
  readonly isCalm: boolean
}

export class Session {
  /** The name by which the server knows it. */
  readonly name: string
  /** A number that stands for it in messages. */
  readonly tag: number
  readonly plan: Plan
  readonly startedAt: number
  readonly up = new Flow()
  readonly down = new Flow()
  readonly client: Side
  readonly server: Side
  /** How connect() ended: undefined while it has not, true where it resolved. */
  outcome: true | NetworkError | undefined
  rejectedEvents = 0
  // What was done to it.
  disconnect: Farewell | undefined
  kick: Farewell | undefined
  serverClose: Farewell | undefined
  /** Another session of the same client id has connected. */
  isReplaced = false
  /** A NAT has given its client another address: netcode binds a session to its address, so it can only time out. */
  isCutOff = false
  /** The server's handler was asked. */
  wasAsked = false
  /** The best value of the server's clock so far. */
  serverNow = Number.NEGATIVE_INFINITY
  tokenMadeAt: number

  constructor(name: string, tag: number, plan: Plan, now: number) {
    this.name = name
    this.tag = tag
    this.plan = plan
    this.startedAt = now
    this.tokenMadeAt = now
    this.client = new Side(now)
    this.server = new Side(now)
  }

  /** Whether the server's handler would let it in. */
  get isWelcome(): boolean {
    const { decision } = this.plan
    return decision === 'accept' || decision === 'undecided' || decision === 'accept-later' || decision === 'accept-throw'
  }
}

/** The index of a session's client. */
export function clientOf(session: Session): number {
  return Number(session.name.split('.')[0])
}

/** What is wrong with how a connection ended on the client's side, once the run is over. */
export function judgeClientEnd(session: Session): string | undefined {
  const { client, server, kick, serverClose, disconnect } = session
  const end = client.end
  if (end === undefined) return undefined
  const wasEndedByServer = kick !== undefined || serverClose !== undefined || server.end !== undefined
  switch (end.reason) {
    case 'closed':
      return disconnect !== undefined || wasEndedByServer || session.isReplaced ? undefined : 'and nobody had closed it'
    case 'kicked':
      return kick !== undefined && kick.at <= end.at ? undefined : 'and nobody had kicked it'
    case 'server-closed':
      return serverClose !== undefined && serverClose.at <= end.at ? undefined : 'and the server had not closed'
    case 'overflow':
      return client.hasOverflowed || server.hasOverflowed ? undefined : 'and no send queue was full'
    case 'replaced':
      return session.isReplaced ? undefined : 'and no other client had its id'
    case 'timeout':
      return client.lastError === 'TIMEOUT' ? undefined : 'and OnError had not said so first'
    default:
      return 'and nobody broke the protocol'
  }
}

/** The same for the server's side. */
export function judgeServerEnd(session: Session): string | undefined {
  const { client, server, kick, serverClose, disconnect } = session
  const end = server.end
  if (end === undefined) return undefined
  switch (end.reason) {
    case 'closed': {
      const isFailed = session.outcome !== undefined && session.outcome !== true
      return disconnect !== undefined || client.end !== undefined || isFailed || serverClose !== undefined || client.isGone
        ? undefined
        : 'and the client had not closed it'
    }
    case 'kicked':
      return kick !== undefined ? undefined : 'and nobody had kicked it'
    case 'server-closed':
      return serverClose !== undefined ? undefined : 'and the server had not closed'
    case 'overflow':
      return client.hasOverflowed || server.hasOverflowed ? undefined : 'and no send queue was full'
    case 'replaced':
      return session.isReplaced ? undefined : 'and no other client had its id'
    case 'timeout':
      return server.lastError === 'TIMEOUT' ? undefined : 'and OnError had not said so first'
    default:
      return 'and nobody broke the protocol'
  }
}

/** Where a farewell could get through, the other side must have it: reason, words, and all that was sent before it. */
export function judgeFarewell(session: Session): string | undefined {
  const { disconnect, kick, serverClose, client, server, up, down } = session
  if (session.isCutOff) return undefined
  const isOneSided = [disconnect, kick, serverClose].filter((farewell) => farewell !== undefined).length === 1
  if (!isOneSided || client.isGone || server.isGone || client.acceptedAt === undefined || server.acceptedAt === undefined) return undefined
  if (disconnect?.isCalm && client.end !== undefined && client.end.reason === 'closed') {
    const problem = compareEnds('the server', server.end, 'closed', disconnect.detail)
    if (problem !== undefined) return problem
    const due = up.describeDue()
    return due === undefined ? undefined : `the server was not given ${due}, sent before disconnect()`
  }
  const farewell = kick ?? serverClose
  if (!farewell?.isCalm) return undefined
  const reason = kick !== undefined ? 'kicked' : 'server-closed'
  const problem = compareEnds('the client', client.end, reason, farewell.detail)
  if (problem !== undefined) return problem
  const due = down.describeDue()
  return due === undefined ? undefined : `the client was not given ${due}, sent before it was ${reason}`
}

function compareEnds(side: string, end: End | undefined, reason: EndReason, detail: string): string | undefined {
  if (end === undefined) return `${side} heard of no end`
  if (end.reason !== reason) return `${side} heard "${end.reason}" where "${reason}" was said`
  return end.detail === detail ? undefined : `${side} heard the words "${end.detail}" where "${detail}" was said`
}

/** What the world knows about the time of an attempt that failed. */
export interface AttemptFacts {
  readonly now: number
  readonly timeoutMs: number
  /** The server's port was closed at some time since it began. */
  readonly wasPortClosed: boolean
  /** The server took nobody, or had no room, at some time since it began. */
  readonly wasNotAccepting: boolean
  readonly wasFull: boolean
  /** Its own clock may have gone forward: deadlines come sooner by that. */
  readonly slackMs: number
  /** By so much the client's clock has gone forward in all. */
  readonly jumpedMs: number
}

/** The server answers within this, or refuses as undecided. */
const DECISION_MS = 10_000

/** Whether the error with which connect() rejected fits. */
export function judgeFailure(session: Session, error: NetworkError, facts: AttemptFacts): string | undefined {
  const elapsedMs = facts.now - session.startedAt
  switch (error.code) {
    case 'REJECTED':
      return error instanceof RejectedError ? judgeRejection(session, error, facts) : 'but it is no RejectedError'
    case 'TIMEOUT':
      return elapsedMs + facts.slackMs >= facts.timeoutMs ? undefined : `after ${elapsedMs.toFixed(0)} ms, of ${facts.timeoutMs}`
    case 'REFUSED':
      return facts.wasPortClosed ? undefined : 'and the port was open'
    case 'ABORTED':
      return undefined
    case 'TOKEN_EXPIRED':
      return facts.now - session.tokenMadeAt + facts.jumpedMs > 28_000 ? undefined : 'and the token was fresh'
    case 'OVERFLOW':
      return session.client.hasOverflowed ? undefined : 'and its send queue was not full'
    default:
      return 'which nothing has given a reason for'
  }
}

function judgeRejection(session: Session, error: RejectedError, facts: AttemptFacts): string | undefined {
  const { decision, decideMs } = session.plan
  const reason: RejectReason = error.reason
  switch (reason) {
    case 'rejected':
      if (session.isWelcome) return 'and the handler would have let it in'
      if (decision === 'reject' || decision === 'reject-later') {
        const detail = rejectDetail(session.name)
        const data = error.data as { name?: unknown } | undefined
        if (error.detail !== detail || data?.name !== session.name) return `with the words "${error.detail}" where "${detail}" was said`
      }
      return undefined
    case 'undecided':
      return decision === 'never' || (decision.endsWith('later') && decideMs >= DECISION_MS - facts.slackMs)
        ? undefined
        : 'and the handler decides'
    case 'full':
      return facts.wasFull ? undefined : 'and it had room'
    case 'not-accepting':
      return facts.wasNotAccepting ? undefined : 'and it was accepting'
    default:
      return 'and both sides are alike'
  }
}

/** What the server says to those that it refuses. */
export function rejectDetail(name: string): string {
  return `no ${name}`
}
