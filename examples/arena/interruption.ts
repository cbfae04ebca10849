import { constants } from 'node:os'

/** A signal asked the demo to end. */
export class Interruption extends Error {
  /** As shells give it: 130 for Ctrl-C. */
  readonly exitCode: number

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`)
    this.exitCode = 128 + constants.signals[signal]
  }

  /** Rejects with an Interruption when a signal asks this process to end. */
  static next(): Promise<never> {
    const interruption = new Promise<never>((_, reject) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => reject(new Interruption(signal)))
    })
    interruption.catch(() => {})
    return interruption
  }
}
