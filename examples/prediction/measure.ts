// Plays in simulated time, and compares what four clients would draw with what the server decided. Everything that a game needs is in the other files.
import { Random, type Stage, simulate } from 'tickwire/simulator'
import { type BareInput, type Input, type Keys, messages, State } from './messages.js'
import { type Body, distance, move, START, STEPS_PER_SECOND } from './movement.js'
import { Predictor } from './predictor.js'
import { type Player, runWorld } from './server.js'

/** Ways to draw the player: its last known place; predicted and never put right; put right at once; and gliding there. */
export const VIEWS = ['as it comes', 'predicted', 'reconciled', 'smoothed'] as const
export type View = (typeof VIEWS)[number]

export interface Deviation {
  /** From where the server decided that the player is after the same input, in units. */
  readonly mean: number
  readonly largest: number
  /** The farthest that the player was moved in one frame, in units. */
  readonly largestStep: number
}

export interface Played {
  readonly inputs: number
  /** Inputs that never reached the server in time to count. */
  readonly missed: number
  readonly pushes: number
  readonly corrections: number
  /** Between an input and the first State that contains it, in ms: the delay without prediction. A mean. */
  readonly answerMs: number
  readonly views: Readonly<Record<View, Deviation>>
}

export interface MeasureOptions {
  readonly stages: readonly Stage[]
  readonly seconds: number
  readonly seed: number
  readonly input: typeof Input | typeof BareInput
}

export async function measure({ stages, seconds, seed, input }: MeasureOptions): Promise<Played> {
  const decided = new Map<number, Body>()
  let pushes = 0
  const { clients, step, until } = await simulate<Player>({
    seed,
    messages,
    clients: 1,
    network: stages,
    server: (server) => runWorld(server, { onDecided: (number, body) => decided.set(number, body), onPush: () => pushes++ }),
  })
  const client = clients[0]!
  const predictor = new Predictor()
  let known: Body = START
  let unchecked: Body = START
  let acknowledged = 0
  let answers = 0
  let waited = 0
  const frames: { readonly number: number; readonly drawn: Readonly<Record<View, Pick<Body, 'x' | 'y'>>> }[] = []
  client.onMessage(State, ({ lastInput, ...body }) => {
    known = body
    predictor.reconcile(lastInput, body)
    for (; acknowledged < lastInput; acknowledged++) {
      answers++
      waited += frames.length - acknowledged
    }
  })
  const keysOf = wander(seed)
  client.run({
    hz: STEPS_PER_SECOND,
    onTick: () => {
      if (frames.length >= seconds * STEPS_PER_SECOND) return
      const keys = keysOf()
      const number = predictor.apply(keys)
      client.send(input, { number, keys })
      unchecked = move(unchecked, keys)
      frames.push({ number, drawn: { 'as it comes': known, predicted: unchecked, reconciled: predictor.body, smoothed: predictor.drawn } })
    },
  })
  await until(() => frames.length >= seconds * STEPS_PER_SECOND, { timeoutMs: seconds * 1000 + 10_000 })
  await step(1000) // what is under way arrives
  const views = Object.fromEntries(
    VIEWS.map((view) => [
      view,
      deviationOf(
        frames.map(({ number, drawn }) => ({ number, at: drawn[view] })),
        decided,
      ),
    ]),
  )
  return {
    inputs: frames.length,
    missed: frames.length - decided.size,
    pushes,
    corrections: predictor.corrections,
    answerMs: ((waited / answers) * 1000) / STEPS_PER_SECOND,
    views: views as Record<View, Deviation>, // made from all of VIEWS
  }
}

function deviationOf(
  frames: readonly { readonly number: number; readonly at: Pick<Body, 'x' | 'y'> }[],
  decided: ReadonlyMap<number, Body>,
): Deviation {
  let sum = 0
  let count = 0
  let largest = 0
  let largestStep = 0
  let last: Pick<Body, 'x' | 'y'> = START
  for (const { number, at } of frames) {
    largestStep = Math.max(largestStep, distance(at, last))
    last = at
    const truth = decided.get(number)
    if (truth === undefined) continue
    const off = distance(at, truth)
    sum += off
    count++
    largest = Math.max(largest, off)
  }
  return { mean: sum / count, largest, largestStep }
}

/** Keys as a player holds them: for a while this way, then another. */
function wander(seed: number): () => Keys {
  const random = new Random(seed)
  let left = 0
  let keys: Keys = { left: false, right: false, up: false, down: false }
  return () => {
    if (left-- <= 0) {
      left = 10 + Math.floor(random.next() * 30)
      const [h, v] = [random.next(), random.next()]
      keys = { left: h < 0.4, right: h > 0.6, up: v < 0.4, down: v > 0.6 }
    }
    return keys
  }
}
