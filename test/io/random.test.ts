import t from 'tap'
import { Random, seededEntropy } from '../../lib/io/random.js'

/** Fixed: a change here changes every simulation that someone has written down by its seed. */
const GOLDEN_OF_SEED_7 = [3151695085, 2116937015, 2838117516, 1949880911]

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uint32())
}

t.test('the same seed gives the same numbers, today and on every system', async (t) => {
  t.strictSame(draw(new Random(7), 4), GOLDEN_OF_SEED_7)
  t.strictSame(draw(new Random(-1), 100), draw(new Random(-1), 100))
})

t.test('seeds that differ in any of their 53 bits give other numbers', async (t) => {
  const firsts = new Set<number>()
  for (let bit = 0; bit < 53; bit++) firsts.add(new Random(2 ** bit).uint32())
  firsts.add(new Random(0).uint32())
  firsts.add(new Random(-1).uint32())
  t.equal(firsts.size, 55)
})

t.test('numbers are spread evenly', async (t) => {
  const random = new Random(3)
  const counts = new Array(64).fill(0)
  const draws = 640_000
  for (let index = 0; index < draws; index++) counts[random.integer(64)]++
  let chiSquare = 0
  for (const count of counts) chiSquare += (count - draws / 64) ** 2 / (draws / 64)
  t.ok(chiSquare > 30 && chiSquare < 110, `chi-square of 63 degrees of freedom is ${chiSquare}`)
})

t.test('next() stays in [0, 1) with a mean of a half', async (t) => {
  const random = new Random(4)
  let sum = 0
  let isInside = true
  for (let index = 0; index < 100_000; index++) {
    const value = random.next()
    if (!(value >= 0 && value < 1)) isInside = false
    sum += value
  }
  t.ok(isInside)
  t.ok(Math.abs(sum / 100_000 - 0.5) < 0.005)
})

t.test('a fork depends on seed and label only', async (t) => {
  const fresh = new Random(9)
  const used = new Random(9)
  draw(used, 50)
  used.fork('other')
  t.strictSame(draw(used.fork('loss'), 20), draw(fresh.fork('loss'), 20))
  t.strictNotSame(draw(fresh.fork('loss'), 4), draw(fresh.fork('delay'), 4))
  t.strictNotSame(draw(fresh.fork('loss'), 4), draw(new Random(10).fork('loss'), 4))
  t.strictNotSame(draw(fresh.fork('loss'), 4), draw(new Random(9 + 2 ** 40).fork('loss'), 4))
})

t.test('refuses a seed or limit that is out of range', async (t) => {
  t.throws(() => new Random(0.5), new RangeError('"seed" expected a safe integer, got 0.5'))
  t.throws(() => new Random(2 ** 60), RangeError)
  for (const limit of [0, -1, 1.5, 2 ** 33]) t.throws(() => new Random(1).integer(limit), RangeError)
})

t.test('seeded entropy fills the whole array, whatever its length, and repeats', async (t) => {
  const one = seededEntropy(5)
  const two = seededEntropy(5)
  for (const length of [0, 1, 3, 4, 5, 32, 1001]) {
    const a = new Uint8Array(length)
    const b = new Uint8Array(length)
    one.fill(a)
    two.fill(b)
    t.strictSame(a, b)
  }
  const large = new Uint8Array(4099)
  one.fill(large)
  t.equal(new Set(large).size, 256, 'every byte value occurs in 4099 bytes')
  t.ok(
    large.subarray(4090).some((byte) => byte !== 0),
    'up to the end',
  )
})
