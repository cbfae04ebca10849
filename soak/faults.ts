// Handlers that fail on purpose, and the check that OnError says so, once for each.
import type { NetworkError } from '../lib/index.js'
import type { Driven, Host } from './host.js'
import type { Journal } from './journal.js'
import type { Reaction } from './operations.js'

/** What a handler of a soak throws or rejects with. Anything else that a handler throws is a mistake. */
export class Fault extends Error {
  constructor() {
    super('a fault on purpose')
  }
}

/** What a handler does beside taking note. Returns what the handler returns. */
export function runReaction(
  reaction: Reaction,
  host: Host<Driven>,
  { answer, end }: { readonly answer: () => void; readonly end: () => void },
): unknown {
  switch (reaction) {
    case 'none':
      return undefined
    case 'throw':
      host.faults++
      throw new Fault()
    case 'fail':
      host.faults++
      return Promise.reject(new Fault())
    case 'answer':
      answer()
      return undefined
    case 'end':
      end()
      return undefined
    case 'update':
      host.endpoint.update()
      host.endpoint.flush()
      return undefined
  }
}

/** OnError has reported a handler. */
export function checkHandlerError(error: NetworkError, host: Host<Driven>, journal: Journal): void {
  if (error.cause instanceof Fault) {
    host.reportedFaults++
    journal.count('handler faults')
  } else
    journal.violate('exception', `a handler of ${host.name} failed: ${error.cause instanceof Error ? error.cause.stack : error.message}`)
}
