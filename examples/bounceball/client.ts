// The client: has balls of its own that fly by the same physics, at the server's present tick, and takes the server's word where they differ.
import { Client, type Conditioner } from 'tickwire'
import { AddBall, BallChanged, GAME, KickBall, messages, World } from './messages.js'
import { type Ball, ballAt, TICKS_PER_SECOND } from './physics.js'

export interface BallClientOptions {
  readonly port: number
  readonly name: string
  /** What the link is made to do, to see what it does to the game. */
  readonly conditioner?: Conditioner
}

/** How often the server's word on a ball was what this side had anyway, to the last bit; how often not, and by how much then. */
export interface Resyncs {
  agreed: number
  corrected: number
  /** The farthest that a correction moved a ball, in units. */
  largestJump: number
}

export class BallClient {
  readonly client: Client
  readonly resyncs: Resyncs = { agreed: 0, corrected: 0, largestJump: 0 }
  readonly #options: BallClientOptions
  readonly #balls = new Map<number, Ball>()
  /** Of each ball, the tick of the last word on it. */
  readonly #wordTicks = new Map<number, number>()

  constructor(options: BallClientOptions) {
    this.#options = options
    this.client = new Client({ messages, game: GAME, conditioner: options.conditioner })
    this.client.onMessage(BallChanged, (ball) => this.#take(ball))
    this.client.onMessage(World, ({ balls }) => {
      for (const ball of balls) this.#take(ball)
    })
    this.client.on('OnDisconnect', () => void this.client.close())
  }

  /** This side's balls. */
  get balls(): ReadonlyMap<number, Ball> {
    return this.#balls
  }

  async join(): Promise<void> {
    const { port, name } = this.#options
    await this.client.connect({ host: '127.0.0.1', port, name })
    this.client.run({ hz: TICKS_PER_SECOND, onTick: () => this.#fly() })
  }

  add(x: number, y: number): void {
    this.client.send(AddBall, { x, y })
  }

  kick(id: number): void {
    this.client.send(KickBall, { id })
  }

  /** Brings the balls to the server's present; what is drawn is true now, not when it was sent. */
  #fly(): void {
    const now = this.client.serverTick()
    for (const ball of this.#balls.values()) this.#balls.set(ball.id, ballAt(ball, now))
  }

  /** The server's word on a ball, some ticks old. */
  #take(word: Ball): void {
    const wordTick = this.#wordTicks.get(word.id) ?? 0
    if (word.tick < wordTick) return
    this.#wordTicks.set(word.id, word.tick)
    const own = this.#balls.get(word.id)
    if (own === undefined) {
      this.#balls.set(word.id, word)
      return
    }
    const now = Math.max(own.tick, word.tick)
    const here = ballAt(own, now)
    const there = ballAt(word, now)
    this.#balls.set(word.id, there)
    const isSame = here.x === there.x && here.y === there.y && here.vx === there.vx && here.vy === there.vy
    if (isSame) this.resyncs.agreed++
    else {
      this.resyncs.corrected++
      this.resyncs.largestJump = Math.max(this.resyncs.largestJump, Math.hypot(here.x - there.x, here.y - there.y))
    }
  }
}
