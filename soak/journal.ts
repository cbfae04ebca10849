// What happened in one run: a hash over every datagram and event, lines for people, and counts.
import type { SimulatedDatagram, SimulatedOutcome } from '../lib/io/simulated-network.js'

/** A promise that was broken. */
export interface Violation {
  /** Which invariant. */
  readonly invariant: string
  readonly text: string
  /** Simulated time, in ms. */
  readonly at: number
}

/** Counts by name; those of many runs are added up. */
export type Counts = Record<string, number>

/** Lines that are kept for a failure's report. */
const KEPT_LINES = 40

const OUTCOMES: Readonly<Record<SimulatedOutcome, number>> = {
  sent: 1,
  delivered: 2,
  lost: 3,
  duplicated: 4,
  tooLarge: 5,
  queueDropped: 6,
  partitioned: 7,
  corrupted: 8,
  unreachable: 9,
}

const time = new Float64Array(1)
const timeWords = new Uint32Array(time.buffer)

export class Journal {
  readonly violations: Violation[] = []
  readonly counts: Counts = {}
  readonly #lines: string[] = []
  readonly #onLine: ((line: string) => void) | undefined
  readonly #now: () => number
  #high = 0x811c9dc5
  #low = 0x9747b28c

  constructor(now: () => number, onLine?: (line: string) => void) {
    this.#now = now
    this.#onLine = onLine
  }

  /** 16 hex digits that stand for everything so far. */
  get hash(): string {
    return hex(this.#high) + hex(this.#low)
  }

  get lastLines(): readonly string[] {
    return this.#lines
  }

  /** Notes an event. The text is part of the hash. */
  note(text: string): void {
    this.#addTime(this.#now())
    for (let i = 0; i < text.length; i++) this.#add(text.charCodeAt(i))
    const line = `${this.#now().toFixed(1).padStart(9)} ms  ${text}`
    this.#lines.push(line)
    if (this.#lines.length > KEPT_LINES) this.#lines.shift()
    this.#onLine?.(line)
  }

  /** Notes numbers that are too many for lines: messages, metrics. */
  noteNumbers(...numbers: readonly number[]): void {
    for (const number of numbers) this.#addTime(number)
  }

  noteDatagram(outcome: SimulatedOutcome, { from, to, bytes }: SimulatedDatagram, now: number): void {
    this.#add(OUTCOMES[outcome])
    this.#addTime(now)
    this.#add(from.port)
    this.#add(to.port)
    this.#add(bytes.length)
    if (outcome === 'sent') for (let i = 0; i < bytes.length; i++) this.#add(bytes[i]!)
    this.#onLine?.(
      `${now.toFixed(1).padStart(9)} ms    ${outcome} ${from.host}:${from.port} > ${to.host}:${to.port}, type ${(bytes[0] ?? 0) & 15}, ${bytes.length} bytes`,
    )
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by
  }

  violate(invariant: string, text: string): void {
    this.note(`BROKEN ${invariant}: ${text}`)
    this.violations.push({ invariant, text, at: this.#now() })
  }

  #addTime(value: number): void {
    time[0] = value
    this.#add(timeWords[0]!)
    this.#add(timeWords[1]!)
  }

  #add(word: number): void {
    this.#high = Math.imul(this.#high ^ word, 0x01000193)
    this.#low = Math.imul(this.#low ^ word, 0x5bd1e995) ^ (this.#low >>> 15)
  }
}

/** Adds the counts of another run. */
export function addCounts(to: Counts, from: Counts): void {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
