// mitt, wrapped once: typed events, removal by the function that `on` returns or by a signal, and handlers whose errors reach nobody else.

import type { Emitter as Mitt } from 'mitt'
import * as mittModule from 'mitt'

// Under nodenext mitt's types take its default export for the module itself.
const mitt = mittModule.default as unknown as <Events extends Record<string, unknown>>() => Mitt<Events>

export type Handler<Event> = (event: Event) => void | Promise<void>

export interface OnOptions {
  /** Removes the handler when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

export class Emitter<Events extends Record<string, unknown>> {
  readonly #mitt = mitt<Events>()
  readonly #report: (error: unknown) => void

  /** `report` is given what a handler throws or rejects with. */
  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  on<K extends keyof Events & string>(event: K, handler: Handler<Events[K]>, options?: OnOptions): () => void {
    const guarded = (value: Events[K]): void => {
      const promise = guard(handler, value, this.#report)
      promise?.then(undefined, this.#report)
    }
    const off = (): void => this.#mitt.off(event, guarded)
    if (options?.signal?.aborted) return off
    this.#mitt.on(event, guarded)
    options?.signal?.addEventListener('abort', off, { once: true })
    return off
  }

  emit<K extends keyof Events & string>(event: K, value: Events[K]): void {
    this.#mitt.emit(event, value)
  }

  has(event: keyof Events & string): boolean {
    return (this.#mitt.all.get(event)?.length ?? 0) > 0
  }
}

/** Calls a handler. What it throws goes to `report`; a promise is returned. */
function guard<T>(handler: (value: T) => void | Promise<void>, value: T, report: (error: unknown) => void): Promise<void> | undefined {
  try {
    return handler(value) ?? undefined
  } catch (error) {
    report(error)
    return undefined
  }
}
