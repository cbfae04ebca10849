// mitt, wrapped once: typed events, removal by the function that `on` returns or by a signal, and handlers whose errors reach nobody else.

import type { Emitter as Mitt } from 'mitt'
import * as mittModule from 'mitt'

// Under nodenext mitt's types take its default export for the module itself.
const mitt = mittModule.default as unknown as <Events extends Record<string, unknown>>() => Mitt<Events>

/** What the promise of a handler that rejected becomes. */
const FAILED = Symbol('failed')

/** May be asynchronous. What it returns means nothing; what it throws or rejects with is reported through OnError. */
export type Handler<Event> = (event: Event) => unknown

/** What `on` takes beside event and handler. */
export interface OnOptions {
  /** Removes the handler when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

export class Emitter<Events extends object> {
  readonly #mitt = mitt<Record<string, unknown>>()
  /** What asynchronous handlers of the events being emitted returned; an event that a handler emits stands behind that of its emitter. */
  readonly #results: Promise<unknown>[] = []
  #failures = 0
  /** Handlers of OnMessage: asked for every message, so counted here rather than looked up. */
  messageListeners = 0
  readonly #report: (error: unknown, event: keyof Events & string) => void

  /** `report` is given what a handler throws or rejects with, and the event that it handled. */
  constructor(report: (error: unknown, event: keyof Events & string) => void) {
    this.#report = report
  }

  on<K extends keyof Events & string>(event: K, handler: Handler<Events[K]>, options?: OnOptions): () => void {
    const guarded = (value: unknown): void => {
      try {
        const result = handler(value as Events[K]) // `emit` took it as such
        if (result instanceof Promise) this.#results.push(result.catch((error) => this.#fail(error, event)))
      } catch (error) {
        this.#fail(error, event)
      }
    }
    let isOn = false
    const off = (): void => {
      if (!isOn) return
      isOn = false
      this.#mitt.off(event, guarded)
      if (event === 'OnMessage') this.messageListeners--
    }
    if (options?.signal?.aborted) return off
    isOn = true
    this.#mitt.on(event, guarded)
    if (event === 'OnMessage') this.messageListeners++
    options?.signal?.addEventListener('abort', off, { once: true })
    return off
  }

  /** Calls the handlers of an event. Their errors are reported. */
  emit<K extends keyof Events & string>(event: K, value: Events[K]): void {
    const outer = this.#results.length
    this.#mitt.emit(event, value)
    this.#results.length = outer
  }

  /** As `emit`, for an event whose handlers decide something: `onSettled` is told whether one of them failed, at once where none is asynchronous. */
  ask<K extends keyof Events & string>(event: K, value: Events[K], onSettled: (hasFailed: boolean) => void): void {
    const outer = this.#results.length
    const failures = this.#failures
    this.#mitt.emit(event, value)
    const results = this.#results.splice(outer)
    const hasThrown = this.#failures > failures
    if (results.length === 0) onSettled(hasThrown)
    else void Promise.all(results).then((settled) => onSettled(hasThrown || settled.includes(FAILED)))
  }

  #fail(error: unknown, event: keyof Events & string): typeof FAILED {
    this.#failures++
    this.#report(error, event)
    return FAILED
  }

  has(event: keyof Events & string): boolean {
    return (this.#mitt.all.get(event)?.length ?? 0) > 0
  }
}
