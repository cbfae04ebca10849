/** What waits for the other side takes: `request` and `sendConfirmed` beside the values, `waitFor` beside type and predicate. */
export interface WaitOptions {
  /** How long is waited, in ms, 1 to 2^31 − 1. Default: of `request` as its definition says; else as long as the connection lasts. */
  readonly timeoutMs?: number | undefined
  /** Gives up when it is aborted: the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}
