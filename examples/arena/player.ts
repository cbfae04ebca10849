// A player's side of a Client: what it sends each tick, and what it makes of what comes. People and bots are the same here; only where the directions come from differs.
import type { Client } from 'tickwire'
import { Arrivals } from './arrivals.js'
import type { PlayerCounts } from './counts.js'
import { DelayMeter } from './delay-meter.js'
import { type Direction, distanceBetween, type Spot } from './game.js'
import { Ghost } from './ghost.js'
import { Interpolation } from './interpolation.js'
import { Finish, GhostInput, GhostState, Input, Links, Said, Say, Snapshot, Tally } from './messages.js'
import { Prediction } from './prediction.js'

/** A dot further than this from where the player is, in units, should be elsewhere. */
const ELSEWHERE_UNITS = 0.1

export interface PlayerOptions {
  /** Ticks, and so inputs, a second: the same as the server's. */
  readonly hz: number
  /** Sends the moves a second time, `ordered`. */
  readonly hasGhost: boolean
}

/** Somebody in the arena, as the player sees them now. */
export interface Seen {
  readonly id: number
  readonly spot: Spot
}

export class Player {
  readonly client: Client
  readonly name: string
  readonly prediction: Prediction
  readonly ghost: Ghost | undefined
  readonly yourDelay: DelayMeter
  readonly ghostDelay: DelayMeter
  readonly #interpolation = new Interpolation()
  readonly #snapshots = new Arrivals()
  readonly #lines = new Arrivals()
  readonly #heard = new Map<number, Arrivals>()
  #latest: Snapshot | undefined
  #links: Links['players'] = []
  #lastLine: { readonly speaker: number; readonly text: string } | undefined
  #inputs = 0
  #lastMoveAt: number | undefined
  #longestGapMs = 0
  #linesSaid = 0
  #worstCorrection = 0
  #isResting = false

  constructor(client: Client, name: string, { hz, hasGhost }: PlayerOptions) {
    this.client = client
    this.name = name
    this.prediction = new Prediction(1000 / hz)
    this.yourDelay = new DelayMeter(hz)
    this.ghostDelay = new DelayMeter(hz)
    this.ghost = hasGhost ? new Ghost() : undefined
    client.onMessage(Snapshot, (snapshot) => this.#handleSnapshot(snapshot))
    client.onMessage(GhostState, ({ number, x, y }) => this.ghost?.answer(number, { x, y }))
    client.onMessage(Links, ({ players }) => {
      this.#links = players
    })
    client.onMessage(Said, ({ line, speaker, number, text }) => {
      this.#lines.addNextOf(line)
      const fromSpeaker = this.#heard.get(speaker) ?? new Arrivals()
      fromSpeaker.addNextOf(number)
      this.#heard.set(speaker, fromSpeaker)
      this.#lastLine = { speaker, text }
    })
  }

  /** One tick: the input is sent, and the dot moves at once. */
  move(direction: Direction): void {
    if (this.#isResting || this.prediction.shown === undefined) return
    if (this.#inputs > 0) this.#measure()
    const input = { number: ++this.#inputs, ...direction }
    this.client.send(Input, input)
    this.prediction.apply(input)
    if (this.ghost !== undefined) this.client.send(GhostInput, input)
  }

  say(text: string): void {
    this.client.send(Say, { number: this.#linesSaid++, text })
  }

  /** Where this player is, to draw; undefined before the first snapshot. */
  get spot(): Spot | undefined {
    return this.prediction.shown
  }

  get gems(): readonly Spot[] {
    return this.#latest?.gems ?? []
  }

  /** How many gems a player has taken; this one where no id is given. */
  gemsOf(id = this.client.peerId): number {
    return this.#latest?.players.find((player) => player.id === id)?.gems ?? 0
  }

  /** How everyone's link is, this player's too, as the server sees it. */
  get links(): Links['players'] {
    return this.#links
  }

  get lastLine(): { readonly speaker: number; readonly text: string } | undefined {
    return this.#lastLine
  }

  /** The largest correction of the prediction, in units. */
  get worstCorrection(): number {
    return this.#worstCorrection
  }

  /** The longest time between two moves, in ms: how long this machine held its own loop up. */
  get longestGapMs(): number {
    return this.#longestGapMs
  }

  get linesSaid(): number {
    return this.#linesSaid
  }

  /** The others, a little in the past. */
  others(): Seen[] {
    const viewAt = this.#interpolation.viewAt(this.client.serverNow(), this.client.latency)
    const spots = Array.from(this.#interpolation.spotsAt(viewAt), ([id, spot]) => ({ id, spot }))
    return spots.filter(({ id }) => id !== this.client.peerId)
  }

  /** From now on it does not move. What it has said is still under way, until the client has no `pendingAcks`. */
  rest(): void {
    this.#isResting = true
  }

  /** Rests, and asks the server what it has counted. Nothing may be said after it. */
  finish(): Promise<PlayerCounts> {
    this.rest()
    return new Promise((resolve) => {
      // At once in the handler: what is heard later is not in the server's counts.
      this.client.onMessage(Tally, (tally) => resolve(this.#countsWith(tally)))
      this.client.send(Finish, {})
    })
  }

  #countsWith(atServer: Tally): PlayerCounts {
    return {
      id: this.client.peerId,
      name: this.name,
      inputsSent: this.#inputs,
      linesSaid: this.#linesSaid,
      snapshots: this.#snapshots.counts,
      lines: this.#lines.counts,
      heard: Array.from(this.#heard, ([speaker, arrivals]) => ({ speaker, ...arrivals.counts })),
      atServer,
    }
  }

  #handleSnapshot(snapshot: Snapshot): void {
    this.#snapshots.addNewer(snapshot.number)
    this.#latest = snapshot
    this.#interpolation.add(snapshot.at, new Map(snapshot.players.map(({ id, x, y }) => [id, { x, y }])))
    const own = snapshot.players.find(({ id }) => id === this.client.peerId)
    if (own !== undefined) this.#worstCorrection = Math.max(this.#worstCorrection, this.prediction.reconcile(own.applied, own))
  }

  /** Both dots as they have been seen up to now, just before the next move: when what they show is oldest. */
  #measure(): void {
    const now = this.client.now()
    this.#longestGapMs = Math.max(this.#longestGapMs, now - (this.#lastMoveAt ?? now))
    this.#lastMoveAt = now
    const spot = this.prediction.shown!
    this.yourDelay.add({ movesBehind: 0, spot, isElsewhere: false })
    const shown = this.ghost?.shown
    if (shown === undefined) return
    const isElsewhere = distanceBetween(shown.spot, spot) > ELSEWHERE_UNITS
    this.ghostDelay.add({ movesBehind: this.#inputs - shown.move, spot: shown.spot, isElsewhere })
  }
}
