import t from 'tap'
import { ARENA_SIZE, Arena, directionTo, isDue } from '../../examples/arena/game.js'

const TICK_MS = 1000 / 60

t.test('the same calls give the same arena', (t) => {
  const play = (seed: number) => {
    const arena = new Arena(seed)
    const bodies = [arena.join(), arena.join()]
    for (let tick = 0; tick < 1200; tick++) {
      for (const body of bodies) {
        const { right, down } = directionTo(body, arena.gem)
        arena.steer(body, right, down)
      }
      arena.step(TICK_MS)
    }
    return { bodies, gem: arena.gem }
  }
  const first = play(1)
  t.strictSame(play(1), first)
  t.notSame(play(2), first)
  t.ok(first.bodies.reduce((gems, body) => gems + body.gems, 0) > 2, 'players that run for gems get some')
  t.end()
})

t.test('nobody runs faster by asking for more', (t) => {
  const distances = [1, 5].map((right) => {
    const arena = new Arena(1)
    const body = arena.join()
    const { x } = body
    arena.steer(body, body.x > ARENA_SIZE / 2 ? -right : right, 0)
    arena.step(100)
    return Math.abs(body.x - x)
  })
  t.strictSame(distances, [distances[1], distances[0]])
  t.ok(Math.abs(distances[0]! - 3) < 1e-9, '30 units a second')
  t.end()
})

t.test('walls hold', (t) => {
  const arena = new Arena(1)
  const body = arena.join()
  arena.steer(body, 1, -1)
  arena.step(10_000)
  t.hasStrict(body, { x: ARENA_SIZE, y: 0 })
  t.end()
})

t.test('who has left takes no gem', (t) => {
  const arena = new Arena(1)
  const body = arena.join()
  arena.leave(body)
  Object.assign(body, arena.gem)
  arena.step(TICK_MS)
  t.equal(body.gems, 0)
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
