// Log-ins under way, from a Hello to an identity or a refusal: whom to ask, how many at once, how often a network may fail, and that who has gone is not asked for any more. It keeps no claim once its authenticator has
// answered, and whoever is refused hears the same, whatever the cause.
import { MAX_AUTHENTICATIONS } from '../wire/limits.js'
import { FailureLimiter } from './failure-limiter.js'
import { type Authenticator, type Claimant, type Identity, readIdentity } from './identity.js'

/** What a client gives: the scheme that it asks for, and its claim. */
export interface GivenAuth {
  readonly scheme: string
  readonly claim: unknown
}

/** Somebody who has proven who they are. */
export interface Login {
  readonly identity: Identity
  /** Later log-ins have higher numbers, whenever their authenticators answer. */
  readonly order: number
  readonly sessionId: string
}

/** What becomes of log-ins. `Of` stands for the connection that logs in. */
export interface AuthenticationsOwner<Of> {
  now(): number
  /** Whether the connection still waits for the answer. */
  isWaiting(of: Of): boolean
  handleLogin(of: Of, login: Login): void
  handleRefusal(of: Of): void
  /** An authenticator failed, other than by saying no; `text` says how, without a word of its own. */
  handleFailure(scheme: string, text: string): void
  /** So many are under way that further ones wait. */
  handleCrowd(): void
}

interface Attempt<Of> {
  readonly of: Of
  readonly authenticator: Authenticator
  readonly claim: unknown
  readonly claimant: Claimant
  readonly order: number
  readonly abort: AbortController
}

export class Authentications<Of> {
  readonly #byScheme: ReadonlyMap<string, Authenticator>
  readonly #withoutClaim: Authenticator | undefined
  readonly #owner: AuthenticationsOwner<Of>
  readonly #failures = new FailureLimiter()
  /** Asked, and not answered yet. Who has left stays here until the authenticator answers: it works on it all the same. */
  readonly #underWay = new Set<Attempt<Of>>()
  readonly #waiting = new Set<Attempt<Of>>()
  #lastOrder = 0

  constructor(authenticators: readonly Authenticator[], owner: AuthenticationsOwner<Of>) {
    this.#byScheme = new Map(authenticators.map((authenticator) => [authenticator.scheme, authenticator]))
    this.#withoutClaim = authenticators.find(({ needsClaim }) => needsClaim === false)
    this.#owner = owner
  }

  /** Asks the authenticator that `given` names. The owner hears of the answer: at once, where there is one. */
  begin(of: Of, given: GivenAuth | undefined, claimant: Claimant): void {
    const authenticator = given === undefined ? this.#withoutClaim : this.#byScheme.get(given.scheme)
    const order = ++this.#lastOrder
    if (authenticator === undefined) {
      this.#refuse(of, claimant)
      return
    }
    const attempt = { of, authenticator, claim: given?.claim, claimant, order, abort: new AbortController() }
    if (this.#underWay.size < MAX_AUTHENTICATIONS) this.#ask(attempt)
    else {
      this.#waiting.add(attempt)
      this.#owner.handleCrowd()
    }
  }

  /** Tells authenticators of clients that have gone, and asks for those that waited. */
  poll(): void {
    for (const attempt of this.#underWay) {
      if (attempt.abort.signal.aborted || this.#owner.isWaiting(attempt.of)) continue
      // It counts as failed, or whoever leaves before the answer could ask as often as it likes.
      this.#failures.count(attempt.claimant.address.host, this.#owner.now())
      attempt.abort.abort()
    }
    for (const attempt of this.#waiting) {
      if (!this.#owner.isWaiting(attempt.of)) this.#waiting.delete(attempt)
      else if (this.#underWay.size < MAX_AUTHENTICATIONS) {
        this.#waiting.delete(attempt)
        this.#ask(attempt)
      }
    }
  }

  #ask(attempt: Attempt<Of>): void {
    const { authenticator, claim, claimant, abort } = attempt
    if (!this.#failures.allows(claimant.address.host, this.#owner.now())) {
      this.#owner.handleRefusal(attempt.of)
      return
    }
    let answer: unknown
    try {
      answer = authenticator.authenticate(claim, claimant, abort.signal)
    } catch (error) {
      this.#fail(attempt, error)
      return
    }
    if (!isThenable(answer)) {
      this.#settle(attempt, answer)
      return
    }
    this.#underWay.add(attempt)
    Promise.resolve(answer).then(
      (identity) => this.#settle(attempt, identity),
      (error) => this.#fail(attempt, error),
    )
  }

  #settle(attempt: Attempt<Of>, answer: unknown): void {
    this.#underWay.delete(attempt)
    const { of, claimant, order, authenticator, abort } = attempt
    if (abort.signal.aborted) return
    const identity = readIdentity(answer)
    if (identity === undefined) {
      if (answer !== undefined) this.#owner.handleFailure(authenticator.scheme, 'it gave no identity { id, role?, data? }')
      this.#refuse(of, claimant)
    } else if (this.#owner.isWaiting(of)) this.#owner.handleLogin(of, { identity, order, sessionId: claimant.sessionId })
  }

  #fail(attempt: Attempt<Of>, error: unknown): void {
    this.#underWay.delete(attempt)
    if (attempt.abort.signal.aborted) return
    this.#owner.handleFailure(
      attempt.authenticator.scheme,
      `it threw ${kindOf(error)}; what that says is left out, as it may hold the claim`,
    )
    this.#refuse(attempt.of, attempt.claimant)
  }

  #refuse(of: Of, claimant: Claimant): void {
    this.#failures.count(claimant.address.host, this.#owner.now())
    this.#owner.handleRefusal(of)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}

/** The class of what was thrown: all of it that the claim cannot be in. */
function kindOf(error: unknown): string {
  return error instanceof Error ? (error.constructor?.name ?? 'Error') : 'what is no Error'
}
