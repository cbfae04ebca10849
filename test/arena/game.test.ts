import t from 'tap'
import { ARENA_HEIGHT, ARENA_WIDTH, Arena, directionTo, distanceBetween, isDue, moved, SPEED } from '../../examples/arena/game.js'

const TICK_MS = 1000 / 60
const CENTER = { x: ARENA_WIDTH / 2, y: ARENA_HEIGHT / 2 }

t.test('the same calls give the same arena', (t) => {
  const play = (seed: number) => {
    const arena = new Arena(seed)
    const bodies = [arena.join(), arena.join()]
    for (let tick = 0; tick < 1200; tick++) {
      for (const body of bodies) arena.move(body, directionTo(body.spot, arena.gems[0]!), TICK_MS)
    }
    return { bodies, gems: arena.gems }
  }
  const first = play(1)
  t.strictSame(play(1), first)
  t.notSame(play(2), first)
  t.ok(first.bodies.reduce((gems, body) => gems + body.gems, 0) > 2, 'players that run for gems get some')
  t.end()
})

t.test('nobody runs faster by asking for more', (t) => {
  for (const [right, down] of [
    [1, 0],
    [5, 0],
    [1, 1],
    [-3, 4],
  ] as const) {
    const distance = distanceBetween(CENTER, moved(CENTER, { right, down }, 100))
    t.ok(Math.abs(distance - SPEED / 10) < 1e-9, `${right}, ${down}`)
  }
  t.ok(Math.abs(distanceBetween(CENTER, moved(CENTER, { right: 0.5, down: 0 }, 100)) - SPEED / 20) < 1e-9, 'but slower')
  t.end()
})

t.test('walls hold', (t) => {
  t.strictSame(moved(CENTER, { right: 1, down: -1 }, 60_000), { x: ARENA_WIDTH, y: 0 })
  t.strictSame(moved(CENTER, { right: -1, down: 1 }, 60_000), { x: 0, y: ARENA_HEIGHT })
  t.end()
})

t.test('a gem is taken once, by whoever reaches it, and appears elsewhere', (t) => {
  const arena = new Arena(1)
  const body = arena.join()
  const [gem] = arena.gems
  body.spot = gem!
  arena.move(body, { right: 0, down: 0 }, TICK_MS)
  t.equal(body.gems, 1)
  t.ok(arena.gems.every((other) => distanceBetween(other, gem!) > 3))
  arena.move(body, { right: 0, down: 0 }, TICK_MS)
  t.equal(body.gems, 1)
  t.end()
})

t.test('a bot can aim with less than full effort, in steps that the message carries', (t) => {
  const { right, down } = directionTo({ x: 10, y: 10 }, { x: 40, y: 50 }, 0.7)
  t.strictSame({ right, down }, { right: 0.42, down: 0.56 })
  t.strictSame(directionTo(CENTER, CENTER), { right: 0, down: 0 })
  t.end()
})

t.test('what is due so often a second is due so often', (t) => {
  const times = (hz: number, timesPerSecond: number): number =>
    Array.from({ length: hz * 10 }, (_, tick) => tick).filter((tick) => isDue(tick, hz, timesPerSecond)).length
  t.equal(times(60, 20), 200)
  t.equal(times(50, 20), 200)
  t.equal(times(60, 4), 40)
  t.equal(times(10, 20), 100, 'a slow loop does it on every tick')
  t.end()
})
