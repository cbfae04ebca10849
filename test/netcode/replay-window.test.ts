import t from 'tap'
import { REPLAY_WINDOW } from '../../lib/netcode/constants.js'
import { ReplayWindow } from '../../lib/netcode/replay-window.js'
import { createRandom } from './world.js'

/** The standard's rule, word for word, with bigints and a set. */
class NaiveWindow {
  readonly #received = new Set<bigint>()
  #recent = 0n

  isReceived(sequence: bigint): boolean {
    const window = BigInt(REPLAY_WINDOW)
    if (this.#recent >= window && sequence <= this.#recent - window) return true
    return this.#received.has(sequence)
  }

  advance(sequence: bigint): void {
    this.#received.add(sequence)
    if (sequence > this.#recent) this.#recent = sequence
  }
}

function isReceived(window: ReplayWindow, sequence: bigint): boolean {
  return window.isReceived(Number(sequence & 0xffffffffn), Number(sequence >> 32n))
}

function advance(window: ReplayWindow, sequence: bigint): void {
  window.advance(Number(sequence & 0xffffffffn), Number(sequence >> 32n))
}

t.test('accepts each sequence once, from zero on', async (t) => {
  const window = new ReplayWindow()
  for (let sequence = 0n; sequence < 10_000n; sequence++) {
    if (isReceived(window, sequence)) t.fail(`refused ${sequence}`)
    advance(window, sequence)
    if (!isReceived(window, sequence)) t.fail(`accepted ${sequence} twice`)
  }
  t.ok(isReceived(window, 0n), 'too old')
})

t.test('accepts what is 4095 behind the most recent one, and nothing older', async (t) => {
  const window = new ReplayWindow()
  advance(window, 100_000n)
  t.notOk(isReceived(window, 100_000n - 4095n))
  t.ok(isReceived(window, 100_000n - 4096n))
})

t.test('does not overflow at the top of the sequence space', async (t) => {
  const top = 2n ** 64n - 1n
  const window = new ReplayWindow()
  for (const sequence of [top - 4000n, top - 300n, top]) {
    t.notOk(isReceived(window, sequence))
    advance(window, sequence)
    t.ok(isReceived(window, sequence))
  }
  t.notOk(isReceived(window, top - 4095n))
  t.ok(isReceived(window, top - 4096n))
  t.ok(isReceived(window, 0n))
})

t.test('does not ask of the window what was not told: a check alone changes nothing', async (t) => {
  const window = new ReplayWindow()
  advance(window, 5n)
  t.notOk(isReceived(window, 1_000_000n))
  t.notOk(isReceived(window, 4n), 'a forged packet of sequence 1,000,000 would have moved the window')
})

t.test('agrees with the naive rule for random walks around 0, 2^32, 2^53 and 2^64', async (t) => {
  for (const [seed, start] of [0n, 2n ** 32n - 5000n, 2n ** 53n - 5000n, 2n ** 64n - 30_000n].entries()) {
    const random = createRandom(seed)
    const window = new ReplayWindow()
    const naive = new NaiveWindow()
    let head = start
    for (let i = 0; i < 20_000; i++) {
      const jump = random() < 0.002 ? 9000 : random() < 0.02 ? 700 : 3
      const sequence = clamp(head + BigInt(Math.floor((random() - 0.4) * jump)))
      if (sequence > head) head = sequence
      const expected = naive.isReceived(sequence)
      if (isReceived(window, sequence) !== expected) t.fail(`seed ${seed}, step ${i}, sequence ${sequence}: expected ${expected}`)
      if (!expected) {
        naive.advance(sequence)
        advance(window, sequence)
      }
    }
  }
  t.pass()
})

function clamp(sequence: bigint): bigint {
  if (sequence < 0n) return 0n
  return sequence < 2n ** 64n ? sequence : 2n ** 64n - 1n
}
