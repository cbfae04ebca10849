// Who is in under which identity, and what becomes of a second log-in. One entry for each peer, for as long as it is one: a peer that is away and may come back keeps its place.
import { describe } from '../messages/refusal.js'
import type { Login } from './authentications.js'
import { badOption } from './misuse.js'

/**
 * What becomes of a second log-in under one identity: the newest wins and the old one ends as `replaced` (`replace`), the second is refused as `already-connected` (`reject`), or both are in (`allow`).
 */
export type DuplicateLogin = 'replace' | 'reject' | 'allow'

const POLICIES: readonly unknown[] = ['replace', 'reject', 'allow']

interface Entry<Of> {
  readonly login: Login
  readonly of: Of
}

/** `Of` stands for the peer. */
export class Identities<Of> {
  readonly #policy: DuplicateLogin
  readonly #byId = new Map<string, Entry<Of>[]>()

  /** Throws TypeError with code BAD_OPTION where it is no policy. */
  constructor(policy: DuplicateLogin) {
    if (!POLICIES.includes(policy))
      throw badOption(new TypeError(`"duplicateLogin" expected 'replace', 'reject' or 'allow', got ${describe(policy)}`))
    this.#policy = policy
  }

  /** Who is in under this id; of several the newest. */
  get(id: string): Of | undefined {
    return newestOf(this.#byId.get(id))?.of
  }

  /**
   * Whether a log-in has no place now. With `replace` too, where a newer one was faster: whoever tried twice may have given up the first attempt, and that must not throw out the second.
   */
  refuses(login: Login): boolean {
    if (this.#policy === 'allow') return false
    const newest = newestOf(this.#byId.get(login.identity.id))
    return newest !== undefined && (this.#policy === 'reject' || newest.login.order > login.order)
  }

  /** Who has to go before this log-in comes in. */
  replacedBy(login: Login): Of | undefined {
    return this.#policy === 'replace' ? this.get(login.identity.id) : undefined
  }

  add(login: Login, of: Of): void {
    const entries = this.#byId.get(login.identity.id)
    if (entries === undefined) this.#byId.set(login.identity.id, [{ login, of }])
    else entries.push({ login, of })
  }

  remove(login: Login, of: Of): void {
    const left = this.#byId.get(login.identity.id)?.filter((entry) => entry.of !== of) ?? []
    if (left.length > 0) this.#byId.set(login.identity.id, left)
    else this.#byId.delete(login.identity.id)
  }
}

function newestOf<Of>(entries: readonly Entry<Of>[] | undefined): Entry<Of> | undefined {
  return entries?.reduce((newest, entry) => (entry.login.order > newest.login.order ? entry : newest))
}
