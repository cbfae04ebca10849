import t from 'tap'
import { DelayMeter } from '../../examples/arena/delay-meter.js'
import { type Direction, distanceBetween, moved, type Spot } from '../../examples/arena/game.js'
import { BEHIND_MS, Interpolation } from '../../examples/arena/interpolation.js'
import { Prediction } from '../../examples/arena/prediction.js'

const TICK_MS = 1000 / 60
const START: Spot = { x: 60, y: 24 }
const RIGHT: Direction = { right: 1, down: 0 }
const DOWN: Direction = { right: 0, down: 1 }

function near(a: Spot | undefined, b: Spot): boolean {
  return a !== undefined && distanceBetween(a, b) < 1e-9
}

/** Where the server has a player after these inputs. */
function after(...inputs: readonly Direction[]): Spot {
  return inputs.reduce((spot, input) => moved(spot, input, TICK_MS), START)
}

t.test('a prediction moves at once, and is not corrected where the server agrees', (t) => {
  const prediction = new Prediction(TICK_MS)
  t.equal(prediction.shown, undefined)
  t.equal(prediction.reconcile(0, START), 0)
  t.strictSame(prediction.shown, START)
  for (let number = 1; number <= 6; number++) prediction.apply({ number, ...(number <= 3 ? RIGHT : DOWN) })
  t.ok(near(prediction.shown, after(RIGHT, RIGHT, RIGHT, DOWN, DOWN, DOWN)))
  t.equal(prediction.reconcile(2, after(RIGHT, RIGHT)), 0, 'four inputs are still under way, and are run again')
  t.ok(near(prediction.shown, after(RIGHT, RIGHT, RIGHT, DOWN, DOWN, DOWN)))
  t.equal(prediction.reconcile(6, after(RIGHT, RIGHT, RIGHT, DOWN, DOWN, DOWN)), 0)
  t.end()
})

t.test('a correction is right at once, and shown gliding', (t) => {
  const prediction = new Prediction(TICK_MS)
  prediction.reconcile(0, START)
  prediction.apply({ number: 1, ...RIGHT })
  prediction.apply({ number: 2, ...RIGHT })
  const before = prediction.shown!
  const pushed = { x: START.x, y: START.y + 10 } // something moved the player that its client did not know of
  const error = prediction.reconcile(1, pushed)
  const truth = moved(pushed, RIGHT, TICK_MS)
  t.ok(Math.abs(error - distanceBetween(before, truth)) < 1e-9)
  t.ok(near(prediction.shown, before), 'nothing jumps')
  let shown = before
  for (let number = 3; number < 60; number++) {
    prediction.apply({ number, right: 0, down: 0 })
    t.ok(distanceBetween(shown, prediction.shown!) < 1.7, 'nor later')
    shown = prediction.shown!
  }
  t.ok(distanceBetween(shown, truth) < 0.01)
  t.end()
})

t.test('the rounding of snapshots is no correction', (t) => {
  const prediction = new Prediction(TICK_MS)
  prediction.reconcile(0, START)
  prediction.apply({ number: 1, ...RIGHT })
  const { x, y } = after(RIGHT)
  t.equal(prediction.reconcile(1, { x: x + 0.005, y: y - 0.005 }), 0)
  t.end()
})

t.test('others are drawn between the two snapshots around the moment', (t) => {
  const interpolation = new Interpolation()
  t.equal(interpolation.spotsAt(0).size, 0)
  interpolation.add(1000, new Map([[1, { x: 10, y: 0 }]]))
  interpolation.add(1050, new Map([[1, { x: 20, y: 8 }], [2, { x: 5, y: 5 }]])) // biome-ignore format: one snapshot a line
  t.strictSame(interpolation.spotsAt(1025).get(1), { x: 15, y: 4 })
  t.strictSame(interpolation.spotsAt(1010).get(1), { x: 12, y: 1.6 })
  t.strictSame(interpolation.spotsAt(1025).get(2), { x: 5, y: 5 }, 'who has just come is where it is')
  t.strictSame(interpolation.spotsAt(900).get(1), { x: 10, y: 0 }, 'before the oldest')
  t.strictSame(interpolation.spotsAt(2000).get(1), { x: 20, y: 8 }, 'after the newest')
  interpolation.add(1150, new Map([[1, { x: 40, y: 8 }]])) // and the one between was lost
  t.strictSame(interpolation.spotsAt(1100).get(1), { x: 30, y: 8 })
  t.equal(interpolation.spotsAt(1100).get(2), undefined, 'who has left is gone')
  t.end()
})

t.test('the moment that is drawn lies behind what can have arrived, and never goes back', (t) => {
  const interpolation = new Interpolation()
  t.equal(interpolation.viewAt(5000, 40), 5000 - 20 - BEHIND_MS)
  t.equal(interpolation.viewAt(5016, 400), 5000 - 20 - BEHIND_MS, 'the latency has grown: it waits')
  t.equal(interpolation.viewAt(5300, 400), 5300 - 200 - BEHIND_MS)
  t.end()
})

t.test('tells the worst second of a dot: its delay, its rest and its jump', (t) => {
  const meter = new DelayMeter(10) // ten ticks a second, so that one is 100 ms
  t.equal(meter.summary, undefined)
  const add = (movesBehind: number, x: number): void => meter.add({ movesBehind, spot: { x, y: 0 }, isElsewhere: movesBehind > 0 })
  for (let tick = 0; tick < 10; tick++) add(0, tick)
  t.strictSame(meter.summary, { worst: { second: 0, delayMs: 100 }, stillMs: 0, jump: 1 })
  for (const [behind, x] of [[1, 10], [2, 10], [3, 10], [4, 10], [0, 14], [0, 15], [0, 16], [0, 17], [0, 18], [0, 19]] as const) add(behind, x) // biome-ignore format: one second a line
  t.strictSame(meter.summary, { worst: { second: 1, delayMs: 500 }, stillMs: 300, jump: 4 })
  for (let tick = 20; tick < 30; tick++) add(0, tick)
  t.equal(meter.summary?.worst.second, 1, 'and keeps it')
  t.equal(meter.delayMs, 100)
  t.strictSame(meter.history.slice(9, 16), [100, 200, 300, 400, 500, 100, 100])
  t.end()
})

t.test('a dot that stands where it belongs does not stand still', (t) => {
  const meter = new DelayMeter(10)
  for (let tick = 0; tick < 10; tick++) meter.add({ movesBehind: 3, spot: START, isElsewhere: false })
  t.strictSame(meter.summary, { worst: { second: 0, delayMs: 400 }, stillMs: 0, jump: 0 })
  t.end()
})
