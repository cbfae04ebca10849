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
  /** A message type of another `MessageFactory`. */
  | 'UNKNOWN_MESSAGE'
  /** A message that only the other side may send. */
  | 'WRONG_DIRECTION'
  /** Values that the message's definition does not allow. */
  | 'BAD_VALUE'
  /** A message above `maxMessageBytes`. */
  | 'MESSAGE_TOO_LARGE'
  /** The connection ended before what was waited for came. */
  | 'DISCONNECTED'
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
  /** The system's socket failed; `cause` is its error. */
  | 'SOCKET'
  /** A handler threw or its promise rejected; `cause` is what it threw. */
  | 'HANDLER'

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

/**
 * Why a server refused: by its handler (`rejected`), because it has no room (`full`) or takes nobody (`not-accepting`), because the other side has another version of tickwire (`version`) or other
 * message definitions (`definitions`), because its handler did not decide in time (`undecided`), or because its first words could not be read (`malformed`).
 */
export type RejectReason = 'rejected' | 'full' | 'not-accepting' | 'version' | 'definitions' | 'undecided' | 'malformed'

/** Gives an error of misuse its code, so that it can be told apart without reading its text. */
export function withCode<E extends Error>(error: E, code: NetworkErrorCode): E & { code: NetworkErrorCode } {
  return Object.assign(error, { code })
}
