// One bot: connects, turns now and then, and keeps count of what it sees.
import { Client, type Loop } from 'tickwire'
import { GAME, Input, messages, Snapshot } from './messages.js'

export interface BotPlayerOptions {
  readonly host: string
  readonly port: number
  readonly name: string
  /** Inputs a second. */
  readonly hz: number
}

/** What one bot saw while it was measured. */
export interface Seen {
  readonly rttsMs: readonly number[]
  /** From the sending of an input to the first snapshot that was made after its arrival. */
  readonly answersMs: readonly number[]
  /** Shares, 0–1: of this side's packets in the last five seconds, and of the server's snapshots, of which one is left out too where its loop made two at once. */
  readonly packetLoss: number
  readonly snapshotLoss: number
  readonly inBytes: number
  readonly outBytes: number
  readonly inMessages: number
  readonly outMessages: number
  /** Ticks that its loop left out, because this process was too slow. */
  readonly overruns: number
  /** Why it lost the server; undefined where it did not. */
  readonly endReason: string | undefined
}

/** Inputs whose sending time is remembered: at 120 a second, two seconds. */
const REMEMBERED = 256

const TICKS_PER_TURN = 20

export class BotPlayer {
  readonly #client = new Client({ messages, game: GAME })
  readonly #options: BotPlayerOptions
  readonly #sentAt = new Float64Array(REMEMBERED)
  #number = 0
  #answered = 0
  #answersMs: number[] = []
  #rttsMs: number[] = []
  #snapshots = 0
  #firstSnapshot = 0
  #lastSnapshot = 0
  #begin = this.#client.metrics()
  #endReason: string | undefined
  #loop: Loop | undefined
  #overrunsBefore = 0

  constructor(options: BotPlayerOptions) {
    this.#options = options
    this.#client.onMessage(Snapshot, ({ number, lastInput }) => this.#look(number, lastInput))
    this.#client.on('OnDisconnect', ({ reason }) => {
      this.#endReason = reason
      void this.#client.close()
    })
  }

  async join(): Promise<void> {
    const { host, port, name, hz } = this.#options
    await this.#client.connect({ host, port, name })
    this.#loop = this.#client.run({ hz, onTick: (tick) => this.#play(tick) })
  }

  /** What was seen so far does not count. */
  beginMeasuring(): void {
    this.#begin = this.#client.metrics()
    this.#answersMs = []
    this.#rttsMs = []
    this.#snapshots = 0
    this.#overrunsBefore = this.#loop?.overruns ?? 0
  }

  endMeasuring(): Seen {
    const end = this.#client.metrics()
    const made = this.#snapshots === 0 ? 0 : this.#lastSnapshot - this.#firstSnapshot + 1
    return {
      rttsMs: this.#rttsMs,
      answersMs: this.#answersMs,
      packetLoss: end.packetLoss,
      snapshotLoss: made === 0 ? 0 : 1 - this.#snapshots / made,
      inBytes: end.inBytes - this.#begin.inBytes,
      outBytes: end.outBytes - this.#begin.outBytes,
      inMessages: end.inMessages - this.#begin.inMessages,
      outMessages: end.outMessages - this.#begin.outMessages,
      overruns: (this.#loop?.overruns ?? 0) - this.#overrunsBefore,
      endReason: this.#endReason,
    }
  }

  leave(): Promise<void> {
    return this.#client.close('measured')
  }

  #play(tick: number): void {
    const turn = Math.floor(tick / TICKS_PER_TURN)
    const angle = turn * 2.4 // a golden angle: never the same way twice
    this.#number++
    this.#sentAt[this.#number % REMEMBERED] = performance.now()
    this.#client.send(Input, { number: this.#number, right: Math.round(127 * Math.cos(angle)), down: Math.round(127 * Math.sin(angle)) })
    if (tick % 10 === 0) this.#rttsMs.push(this.#client.latency)
  }

  #look(number: number, lastInput: number): void {
    if (this.#snapshots++ === 0) this.#firstSnapshot = number
    this.#lastSnapshot = number
    if (lastInput <= this.#answered || this.#number - lastInput >= REMEMBERED) return
    this.#answered = lastInput
    this.#answersMs.push(performance.now() - this.#sentAt[lastInput % REMEMBERED]!)
  }
}
