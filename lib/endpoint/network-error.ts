import type { AnyRequestType, RequestFailure } from '../messages/index.js'

/** What a `NetworkError` is about. Codes are part of the public surface; texts are not. */
export type NetworkErrorCode =
  /** `send` or `disconnect` before any connection. */
  | 'NOT_CONNECTED'
  /** `advertise` on a server that does not listen. */
  | 'NOT_LISTENING'
  /** `connect` while connecting or connected, `listen` while listening. */
  | 'ALREADY_ACTIVE'
  /** A host that cannot be resolved, or an address of the wrong form. */
  | 'BAD_ADDRESS'
  /** A port outside 1–65535 (0–65535 for `listen`). */
  | 'BAD_PORT'
  /** An option of the wrong type or out of range. */
  | 'BAD_OPTION'
  /** A connect token that cannot be read. */
  | 'BAD_TOKEN'
  /** What was given as `auth` cannot be sent, or could not be fetched. */
  | 'BAD_AUTH'
  /** A message type of another `MessageFactory`. */
  | 'UNKNOWN_MESSAGE'
  /** A message that only the other side may send. */
  | 'WRONG_DIRECTION'
  /** Values that the message's definition does not allow. */
  | 'BAD_VALUE'
  /** A message above `maxMessageBytes`. */
  | 'MESSAGE_TOO_LARGE'
  /** The server refused the connection; `reason`, `detail` and `data` say why. */
  | 'REJECTED'
  /** No answer in time. */
  | 'TIMEOUT'
  /** Nobody listens at that port. */
  | 'REFUSED'
  /** The connect token expired before a server took it. */
  | 'TOKEN_EXPIRED'
  /** `disconnect` or `close` came before the connection was made. */
  | 'ABORTED'
  /** The peer's packets broke the protocol. */
  | 'PROTOCOL'
  /** The send queue of a connection was full; or more waits are open than may be. */
  | 'OVERFLOW'
  /** While the link of a connection was dead, more was sent than its outbox holds. */
  | 'OUTBOX_FULL'
  /** The system's socket failed; `cause` is its error. */
  | 'SOCKET'
  /** A handler threw or its promise rejected; `cause` is what it threw. Without a cause: one of the other side, which does not tell; or an authenticator, as what it threw may hold the claim. */
  | 'HANDLER'
  /** A responder refused a request by one of its error codes: a RequestError. */
  | 'REQUEST_FAILED'
  /** No reply in time. */
  | 'REQUEST_TIMEOUT'
  /** The other side has no responder for the request. */
  | 'NO_RESPONDER'
  /** The other side has no handler for the message that was to be confirmed. */
  | 'NO_HANDLER'
  /** No confirmation in time. */
  | 'CONFIRM_TIMEOUT'
  /** Too many requests or unconfirmed messages wait on the connection. */
  | 'BUSY'
  /** Middleware of this side dropped a request, or a message to be confirmed. */
  | 'NOT_SENT'
  /** The connection has ended, and what was waited for does not come any more. */
  | 'DISCONNECTED'

/** An error of the network or of its use, with a stable `code`. */
export class NetworkError extends Error {
  /** Always `NetworkError`. */
  override readonly name = 'NetworkError'
  /** What it is about: part of the public surface, unlike the text. */
  readonly code: NetworkErrorCode

  /** Made by the library. */
  constructor(code: NetworkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A server's refusal, as `connect()` rejects with it. */
export class RejectedError extends NetworkError {
  /** Why, in one word. */
  readonly reason: RejectReason
  /** What the server said, or a description of the reason. */
  readonly detail: string
  /** What the server's `reject(detail, data)` gave along. */
  readonly data: unknown

  /** Made by the library. */
  constructor(reason: RejectReason, detail: string, data: unknown) {
    super('REJECTED', `the server refused the connection (${reason}): ${detail}`)
    this.reason = reason
    this.detail = detail
    this.data = data
  }
}

/** A responder's refusal of a request, as `request()` rejects with it; `Type.isError(error)` knows the codes of one request. */
export class RequestError extends NetworkError implements RequestFailure<string> {
  /** Always `REQUEST_FAILED`. */
  declare readonly code: 'REQUEST_FAILED'
  /** The request's name. */
  readonly requestName: string
  /** Which of the definition's `errors` it is. */
  readonly requestCode: string
  /** What the responder's `fail` gave along; empty where nothing. It is the other side's text. */
  readonly detail: string
  /** The definition, by which `isError` knows its own. @internal */
  readonly request: AnyRequestType

  /** Made by the library. */
  constructor(request: AnyRequestType, requestCode: string, detail: string) {
    super('REQUEST_FAILED', `${request.name} was refused: ${requestCode}${detail === '' ? '' : ` (${detail})`}`)
    this.request = request
    this.requestName = request.name
    this.requestCode = requestCode
    this.detail = detail
  }
}

/**
 * Why a server refused: by its handler (`rejected`), because it has no room (`full`) or takes nobody (`not-accepting`), because the other side has another version of tickwire (`version`) or other
 * message definitions (`definitions`), because its handler or authenticator did not decide in time (`undecided`), because its first words could not be read (`malformed`), because it does not know the player who wants to come
 * back (`resume-refused`), because the client did not prove who it is (`auth-failed`), or because whoever it is is in already (`already-connected`).
 */
export type RejectReason =
  | 'rejected'
  | 'full'
  | 'not-accepting'
  | 'version'
  | 'definitions'
  | 'undecided'
  | 'malformed'
  | 'resume-refused'
  | 'auth-failed'
  | 'already-connected'

/** Gives an error of misuse its code, so that it can be told apart without reading its text. */
export function withCode<E extends Error>(error: E, code: NetworkErrorCode): E & { code: NetworkErrorCode } {
  return Object.assign(error, { code })
}
