// The network of a soak: stages from plain data, another list for each direction, and who has heard of whom.
import {
  bandwidth,
  burstLoss,
  corrupt,
  delay,
  duplicate,
  loss,
  type ManualClock,
  mtu,
  reorder,
  SimulatedNetwork,
  type Stage,
  truncate,
} from '../lib/simulator/index.js'
import type { Journal } from './journal.js'
import type { StageSpec } from './operations.js'

const MAKERS: Readonly<Record<StageSpec[0], (first: number, second: number) => Stage>> = {
  delay: (ms, jitterMs) => delay(ms, jitterMs),
  loss: (share) => loss(share),
  burstLoss: (begins, ends) => burstLoss(begins, ends),
  corrupt: (share, bits) => corrupt(share, bits),
  truncate: (share) => truncate(share),
  duplicate: (share, delayMs) => duplicate(share, delayMs),
  reorder: (share, byMs) => reorder(share, byMs),
  mtu: (bytes) => mtu(bytes),
  bandwidth: (bytesPerSecond, queueBytes) => bandwidth(bytesPerSecond, queueBytes),
}

export const SERVER_HOST = '10.0.1.1'

/** A link that troubles nobody. */
export const GOOD_STAGES: readonly StageSpec[] = [['delay', 20, 5]]

export function clientHost(index: number): string {
  return `10.0.0.${index + 2}`
}

/** The client at an address that `clientHost` gave, with its port. */
export function clientIndexOf(address: string): number {
  return Number(address.slice(address.lastIndexOf('.') + 1, address.indexOf(':'))) - 2
}

/** Packets of these types show that a peer lives; the rest belongs to the handshake or the end. */
const KEEP_ALIVE = 4
const PAYLOAD = 5

export class SoakNetwork {
  readonly simulated: SimulatedNetwork
  /** Since when nothing is lost, changed or held up; Infinity while something is. */
  goodSince = Number.POSITIVE_INFINITY
  /** Datagrams sent from each host, by name. */
  readonly sentBy = new Map<string, number>()
  /** When datagrams left, by the hosts that they went from and to. */
  readonly #sentAt = new Map<string, number[]>()
  readonly #clock: ManualClock
  /** First copies under way, by what is in them and where they go: whether they have arrived. */
  readonly #pristine = new Map<number, boolean>()
  /** Told when one that its sender sent, unchanged and for the first time, arrives. */
  onHeard: ((from: string, to: string) => void) | undefined
  #isPartitioned = false
  #areStagesGood = false

  constructor(seed: number, clock: ManualClock, journal: Journal) {
    this.#clock = clock
    this.simulated = new SimulatedNetwork({
      seed,
      clock,
      onDatagram: (outcome, datagram, now) => {
        journal.noteDatagram(outcome, datagram, now)
        const { from, to, bytes } = datagram
        const type = (bytes[0] ?? 0) & 15
        if (outcome === 'sent') {
          this.sentBy.set(from.host, (this.sentBy.get(from.host) ?? 0) + 1)
          this.#noteSent(`${from.host}>${to.host}`, now)
          if (type === KEEP_ALIVE || type === PAYLOAD) this.#pristine.set(nameOf(bytes), false)
        } else if (outcome === 'delivered' && (type === KEEP_ALIVE || type === PAYLOAD)) {
          const name = nameOf(bytes)
          if (this.#pristine.get(name) !== false) return
          this.#pristine.set(name, true)
          this.onHeard?.(`${from.host}:${from.port}`, `${to.host}:${to.port}`)
        }
      },
    })
  }

  /** Whether a datagram left from one host to the other, ends included. */
  hasSentBetween(from: string, to: string, start: number, end: number): boolean {
    const times = this.#sentAt.get(`${from}>${to}`) ?? []
    let low = 0
    for (let high = times.length; low < high; ) {
      const middle = (low + high) >> 1
      if (times[middle]! < start) low = middle + 1
      else high = middle
    }
    return low < times.length && times[low]! <= end
  }

  #noteSent(way: string, now: number): void {
    const times = this.#sentAt.get(way)
    if (times === undefined) this.#sentAt.set(way, [now])
    else times.push(now)
  }

  setStages(up: readonly StageSpec[], down: readonly StageSpec[]): void {
    const stagesUp = up.map(makeStage)
    const stagesDown = down.map(makeStage)
    this.simulated.stagesFor = (_from, to) => (to.host === SERVER_HOST ? stagesUp : stagesDown)
    this.#areStagesGood = up === GOOD_STAGES && down === GOOD_STAGES
    this.#noteQuality()
  }

  /** Cuts these clients off from the server. */
  partition(clients: readonly number[], count: number): void {
    const others = Array.from({ length: count }, (_, i) => i).filter((i) => !clients.includes(i))
    this.simulated.partition([SERVER_HOST, ...others.map(clientHost)])
    this.#isPartitioned = true
    this.#noteQuality()
  }

  heal(): void {
    this.simulated.heal()
    this.#isPartitioned = false
    this.#noteQuality()
  }

  makeGood(): void {
    this.heal()
    this.setStages(GOOD_STAGES, GOOD_STAGES)
  }

  #noteQuality(): void {
    const isGood = this.#areStagesGood && !this.#isPartitioned
    if (!isGood) this.goodSince = Number.POSITIVE_INFINITY
    else if (this.goodSince === Number.POSITIVE_INFINITY) this.goodSince = this.#clock.now()
  }
}

function makeStage([kind, first = 0, second = 0]: StageSpec): Stage {
  return MAKERS[kind](first, second)
}

/** Sealed packets are all different: a hash of 52 bits over their bytes names them. */
function nameOf(bytes: Uint8Array): number {
  let a = bytes.length
  let b = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) {
    a = (Math.imul(a, 31) + bytes[i]!) | 0
    b = Math.imul(b ^ bytes[i]!, 0x01000193)
  }
  return (a >>> 0) * 0x10_0000 + (b >>> 12)
}
