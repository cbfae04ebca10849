// One person at play: keys and link conditions in, a picture out. It knows no terminal, so that a script can play too (scripts/record-demo.js).
import type { Client } from 'tickwire'
import { afterKey, type Conditions, stagesOf } from './conditions.js'
import type { DelayMeter } from './delay-meter.js'
import { type Direction, isDue, STANDING } from './game.js'
import { LinkMeter, type LinkState } from './link-meter.js'
import { Player } from './player.js'
import type { Key } from './screen/keys.js'
import type { Delay, PanelRow, Picture } from './screen/picture.js'

const DIRECTIONS: { readonly [K in Key]?: Direction } = {
  up: { right: 0, down: -1 },
  down: { right: 0, down: 1 },
  left: { right: -1, down: 0 },
  right: { right: 1, down: 0 },
  stop: STANDING,
}

const SAMPLES_PER_SECOND = 4

/** Samples for the sparklines. */
const HISTORY = 60

/** A line of chat stays on the screen for so long before the next may follow. */
const CHAT_MS = 1200

export interface PlayOptions {
  readonly client: Client
  readonly name: string
  readonly hz: number
  readonly conditions: Conditions
}

export class Play {
  readonly player: Player
  readonly #options: PlayOptions
  readonly #ownMeter = new LinkMeter()
  readonly #histories = new Map<number, LinkState[]>()
  #conditions: Conditions
  #direction = STANDING
  #chat = ''
  #chatAt = Number.NEGATIVE_INFINITY

  /** The client is connected, and was made with the option `conditioner`. */
  constructor(options: PlayOptions) {
    const { client, name, hz, conditions } = options
    this.#options = options
    this.#conditions = conditions
    this.player = new Player(client, name, { hz, hasGhost: true })
  }

  /** A direction holds until the next one, as terminals do not tell when a key comes up. */
  press(key: Key): void {
    this.#direction = DIRECTIONS[key] ?? this.#direction
    const conditions = afterKey(this.#conditions, key)
    if (conditions === this.#conditions) return
    this.#conditions = conditions
    this.#options.client.conditioner = stagesOf(conditions)
  }

  /** To be called at each tick of the client's loop. */
  onTick(tick: number): void {
    this.player.move(this.#direction)
    if (isDue(tick, this.#options.hz, SAMPLES_PER_SECOND)) this.#sample()
  }

  get conditions(): Conditions {
    return this.#conditions
  }

  /** How the player's own link is, as the client measures it; undefined before the first sample. */
  get link(): LinkState | undefined {
    return this.#histories.get(this.#options.client.peerId)?.at(-1)
  }

  picture(status: string): Picture {
    const { player } = this
    const { yourDelay, ghostDelay, spot, ghost, gems } = player
    const players = this.#rows()
    const marks = new Map(player.links.map(({ id, name }) => [id, markOf(name)]))
    return {
      status,
      conditions: this.#conditions,
      notice: spot === undefined ? 'waiting for the first snapshot' : undefined,
      you: spot,
      ghost: ghost?.shown?.spot,
      others: player.others().map(({ id, spot }) => ({ spot, mark: marks.get(id) ?? '' })),
      gems,
      yourDelay: shown(yourDelay),
      ghostDelay: shown(ghostDelay),
      players,
      chat: this.#chatLine(),
    }
  }

  /** You first, then by gems. */
  #rows(): PanelRow[] {
    const { player } = this
    const you = player.client.peerId
    const row = (id: number, name: string): PanelRow => ({
      name,
      mark: id === you ? '●' : markOf(name),
      isYou: id === you,
      gems: player.gemsOf(id),
      history: this.#histories.get(id) ?? [],
    })
    const others = player.links.filter(({ id }) => id !== you).map(({ id, name }) => row(id, name))
    return [row(you, player.name), ...others.sort((a, b) => b.gems - a.gems || a.name.localeCompare(b.name))]
  }

  #sample(): void {
    const { client } = this.#options
    const states = new Map<number, LinkState>(this.player.links.map((link) => [link.id, { ...link, loss: link.loss / 100 }]))
    states.set(client.peerId, this.#ownMeter.add(client.now(), client.metrics())) // fresher than what comes back from the server
    for (const [id, state] of states) {
      const history = this.#histories.get(id) ?? []
      history.push(state)
      if (history.length > HISTORY) history.shift()
      this.#histories.set(id, history)
    }
    for (const id of this.#histories.keys()) if (!states.has(id)) this.#histories.delete(id)
  }

  #chatLine(): string {
    const now = this.#options.client.now()
    const line = this.player.lastLine
    if (line === undefined || now - this.#chatAt < CHAT_MS) return this.#chat
    this.#chatAt = now
    const speaker = this.player.links.find(({ id }) => id === line.speaker)
    this.#chat = speaker === undefined ? '' : `${speaker.name}: ${line.text}`
    return this.#chat
  }
}

function shown({ summary, history }: DelayMeter): Delay {
  return { worstMs: summary?.worst.delayMs, history }
}

/** One letter or number that stands for a player: that of "bot 12" is 12, that of "ada" is A. */
function markOf(name: string): string {
  return /\d{1,2}$/.exec(name)?.[0] ?? name.charAt(0).toUpperCase()
}
