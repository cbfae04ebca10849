import t from 'tap'
import { Random } from '../../lib/io/random.js'
import {
  bandwidth,
  burstLoss,
  corrupt,
  type DropCause,
  delay,
  duplicate,
  loss,
  mtu,
  reorder,
  type Stage,
  truncate,
} from '../../lib/io/stages.js'

/** What a stage does to one datagram: when its copies go on, or why it is dropped. */
type Outcome = readonly number[] | DropCause

/** Passes datagrams through one stage, given as [now, length]. */
function pass(stage: Stage, datagrams: readonly (readonly [number, number])[], seed = 1): Outcome[] {
  const link = stage.link(new Random(seed))
  return datagrams.map(([now, length]) => {
    const times: number[] = []
    let cause: DropCause | undefined
    link(length, now, {
      bytes: new Uint8Array(length),
      change: () => {},
      forward: (time) => times.push(time),
      drop: (why) => {
        cause = why
      },
    })
    return cause ?? times
  })
}

/** `count` datagrams of 100 bytes, one each millisecond. */
function stream(count: number): (readonly [number, number])[] {
  return Array.from({ length: count }, (_, index) => [index, 100] as const)
}

/** Four standard deviations of a binomial share: a sound seed passes 15,999 times in 16,000, and this one always. */
function isNear(count: number, share: number, of: number): boolean {
  return Math.abs(count - share * of) <= 4 * Math.sqrt(of * share * (1 - share))
}

t.test('delay takes exactly its time', async (t) => {
  t.strictSame(pass(delay(40), stream(3)), [[40], [41], [42]])
  t.strictSame(pass(delay(0), stream(1)), [[0]])
})

t.test('jitter spreads evenly around the delay, and never below nothing', async (t) => {
  const waits = pass(delay(50, 10), stream(20_000)).map((outcome, index) => Number(outcome[0]) - index)
  t.ok(Math.min(...waits) >= 40 && Math.min(...waits) < 40.01)
  t.ok(Math.max(...waits) <= 60 && Math.max(...waits) > 59.99)
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
  t.ok(Math.abs(mean - 50) < 0.2, `mean ${mean}`)
  const early = waits.filter((wait) => wait < 45).length
  t.ok(isNear(early, 0.25, 20_000), `${early} of 20,000 in the first quarter`)

  const clipped = pass(delay(1, 10), stream(1000)).map((outcome, index) => Number(outcome[0]) - index)
  t.equal(Math.min(...clipped), 0)
})

t.test('jitter reorders, unless order is kept', async (t) => {
  const overtakes = (stage: Stage) => {
    const times = pass(stage, stream(1000)).map((outcome) => Number(outcome[0]))
    return times.filter((time, index) => index > 0 && time < times[index - 1]!).length
  }
  t.ok(overtakes(delay(50, 10)) > 300)
  t.equal(overtakes(delay(50, 10, { keepOrder: true })), 0)
})

t.test('loss loses its share, and none or all at the ends', async (t) => {
  const lost = (share: number) => pass(loss(share), stream(20_000)).filter((outcome) => outcome === 'lost').length
  t.ok(isNear(lost(0.1), 0.1, 20_000), `lost ${lost(0.1)} of 20,000 at 10 %`)
  t.equal(lost(0), 0)
  t.equal(lost(1), 20_000)
})

t.test('burstLoss loses as many, and in bursts as long, as its probabilities say', async (t) => {
  const outcomes = pass(burstLoss(0.01, 0.2), stream(200_000)).map((outcome) => outcome === 'lost')
  const lost = outcomes.filter(Boolean).length
  const bursts = outcomes.filter((isLost, i) => isLost && !outcomes[i - 1]).length
  t.ok(Math.abs(lost / 200_000 - 0.01 / 0.21) < 0.005, `lost ${lost} of 200,000`)
  t.ok(Math.abs(lost / bursts - 5) < 0.5, `${(lost / bursts).toFixed(2)} in the mean burst`)
  const partly = pass(burstLoss(0.5, 0.5, { lossInBurst: 0.5, lossBetween: 0.1 }), stream(20_000)).filter(
    (outcome) => outcome === 'lost',
  ).length
  t.ok(isNear(partly, 0.3, 20_000), `lost ${partly} of 20,000 where half is lost in bursts and a tenth between them`)
  t.equal(pass(burstLoss(0, 1), stream(1000)).filter((outcome) => outcome === 'lost').length, 0)
})

/** Passes datagrams of zeros through a stage that changes bytes; returns what goes on, and undefined for what is unchanged. */
function change(stage: Stage, length: number, count: number): (Uint8Array | undefined)[] {
  const link = stage.link(new Random(1))
  return Array.from({ length: count }, (_, now) => {
    let changed: Uint8Array | undefined
    let forwarded = 0
    link(length, now, {
      bytes: new Uint8Array(length),
      change: (bytes) => {
        changed = bytes
      },
      forward: () => forwarded++,
      drop: () => forwarded--,
    })
    if (forwarded !== 1) throw new Error('expected each datagram to go on once')
    return changed
  })
}

t.test('corrupt flips so many bits of its share, anywhere', async (t) => {
  const changed = change(corrupt(0.2), 100, 20_000).filter((bytes) => bytes !== undefined)
  t.ok(isNear(changed.length, 0.2, 20_000), `changed ${changed.length} of 20,000`)
  const bitsOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  t.ok(changed.every((bytes) => bytes.length === 100 && bitsOf(bytes) === 1))
  const places = new Set(changed.map((bytes) => bytes.findIndex((byte) => byte !== 0)))
  t.equal(places.size, 100)
  t.ok(change(corrupt(1, 5), 1000, 100).every((bytes) => [1, 3, 5].includes(bitsOf(bytes!))))
  t.strictSame(change(corrupt(1), 0, 1), [undefined], 'an empty datagram has no bits')
})

t.test('truncate cuts its share to any shorter length', async (t) => {
  const lengths = change(truncate(0.5), 10, 20_000).map((bytes) => bytes?.length)
  t.ok(isNear(lengths.filter((length) => length !== undefined).length, 0.5, 20_000))
  t.strictSame([...new Set(lengths.filter((length) => length !== undefined))].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

t.test('duplicate lets a share go on twice, the copy later', async (t) => {
  const outcomes = pass(duplicate(0.25, 7), stream(20_000))
  const copied = outcomes.filter((outcome) => outcome.length === 2).length
  t.ok(isNear(copied, 0.25, 20_000), `copied ${copied} of 20,000`)
  t.ok(outcomes.every((outcome, index) => outcome[0] === index && (outcome.length === 1 || outcome[1] === index + 7)))
  t.strictSame(pass(duplicate(1), stream(1)), [[0, 0]])
})

t.test('reorder holds a share back', async (t) => {
  const outcomes = pass(reorder(0.2, 15), stream(20_000))
  const heldBack = outcomes.filter((outcome, index) => outcome[0] === index + 15).length
  t.ok(isNear(heldBack, 0.2, 20_000), `held back ${heldBack} of 20,000`)
  t.equal(outcomes.filter((outcome, index) => outcome[0] === index).length, 20_000 - heldBack)
})

t.test('mtu lets pass what just fits', async (t) => {
  const outcomes = pass(mtu(1200), [
    [0, 1200],
    [1, 1201],
    [2, 1],
  ])
  t.strictSame(outcomes, [[0], 'tooLarge', [2]])
})

t.test('bandwidth sends one after another, and the link is idle between', async (t) => {
  // 1000 bytes a millisecond.
  const outcomes = pass(bandwidth(1_000_000, 10_000), [
    [0, 1000],
    [0, 500],
    [0.5, 250],
    [10, 1000],
  ])
  t.strictSame(outcomes, [[1], [1.5], [1.75], [11]])
})

t.test('bandwidth drops at the end of its queue, to the byte', async (t) => {
  const burst = Array.from({ length: 6 }, () => [0, 1000] as const)
  const outcomes = pass(bandwidth(1_000_000, 4000), [...burst, [0.5, 500], [0.5, 1], [4, 3501], [4, 3500]])
  // At 0.5 half a datagram is sent: 3500 bytes wait, and 500 more fit. At 4 those 500 wait.
  t.strictSame(outcomes, [[1], [2], [3], [4], 'queueDropped', 'queueDropped', [4.5], 'queueDropped', 'queueDropped', [8]])
  t.strictSame(
    pass(bandwidth(1_000_000, 0), [
      [0, 5000],
      [1, 1],
      [5, 1],
    ]),
    [[5], 'queueDropped', [5.001]],
    'an idle link needs no queue',
  )
})

t.test('bandwidth at a rate that no double holds loses nothing that fits', async (t) => {
  const rate = 333_333
  const queue = 64 * 1200
  let now = 0.1
  const datagrams: [number, number][] = []
  // As many arrive as leave, on a queue that is kept full.
  for (let index = 0; index < 64; index++) datagrams.push([now, 1200])
  for (let index = 0; index < 5000; index++) {
    now += (1200 * 1000) / rate
    datagrams.push([now, 1200])
  }
  t.equal(pass(bandwidth(rate, queue), datagrams).filter((outcome) => outcome === 'queueDropped').length, 0)
})

t.test('each link has its own state, and its own random stream', async (t) => {
  const stage = bandwidth(1_000_000, 10_000)
  t.strictSame(pass(stage, [[0, 1000]]), pass(stage, [[0, 1000]]))
  t.strictSame(pass(loss(0.5), stream(100), 3), pass(loss(0.5), stream(100), 3))
  t.strictNotSame(pass(loss(0.5), stream(100), 3), pass(loss(0.5), stream(100), 4))
})

t.test('refuses arguments out of range', async (t) => {
  t.throws(() => loss(5), new RangeError('"share" expected number 0–1, got 5'))
  t.throws(() => loss(Number.NaN), RangeError)
  t.throws(() => duplicate(-0.1), RangeError)
  t.throws(() => duplicate(0.1, -1), new RangeError('"delayMs" expected a finite number, 0 or more, got -1'))
  t.throws(() => reorder(0.1, Number.POSITIVE_INFINITY), RangeError)
  t.throws(() => delay(-1), RangeError)
  t.throws(() => delay(1, -1), RangeError)
  t.throws(() => mtu(0), RangeError)
  t.throws(() => burstLoss(2, 0), new RangeError('"begins" expected number 0–1, got 2'))
  t.throws(() => burstLoss(0, -1), RangeError)
  t.throws(() => burstLoss(0, 1, { lossInBurst: 2 }), RangeError)
  t.throws(() => burstLoss(0, 1, { lossBetween: Number.NaN }), RangeError)
  t.throws(() => corrupt(0.5, 0), RangeError)
  t.throws(() => corrupt(1.5), RangeError)
  t.throws(() => truncate(-1), RangeError)
  t.throws(() => bandwidth(0, 1000), RangeError)
  t.throws(() => bandwidth(1000, -1), RangeError)
})
