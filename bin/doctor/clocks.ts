// `tickwire doctor`: how finely this system tells time, and how late its timers are.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Finding } from './finding.js'

const CLOCK_READS = 20_000
const TIMERS = 15

export async function clockFindings(): Promise<Finding[]> {
  return [clockFinding(measureClock()), timerFinding(await measureTimers())]
}

/** The smallest step that the clock was seen to make, in ms. */
export function clockFinding(stepMs: number): Finding {
  const data = { stepMs }
  const text = `performance.now() steps by ${(stepMs * 1000).toFixed(stepMs < 0.01 ? 2 : 0)} µs`
  if (stepMs <= 0.1) return { level: 'ok', name: 'clock', text, data }
  return {
    level: 'note',
    name: 'clock',
    text,
    advice: 'Round trips are measured no finer than that. Some virtual machines and hardened runtimes have such clocks.',
    data,
  }
}

/** The median time that a timer of 1 ms takes, in ms. */
export function timerFinding(medianMs: number): Finding {
  const data = { medianMs }
  const text = `a timer of 1 ms takes ${medianMs.toFixed(2)} ms`
  if (medianMs < 4) return { level: 'ok', name: 'timers', text, data }
  return {
    level: 'note',
    name: 'timers',
    text,
    advice:
      'run() keeps its rate on the average, in uneven steps. Is the machine busy? Windows has 15.6 ms where no program asks for more.',
    data,
  }
}

function measureClock(): number {
  let least = Number.POSITIVE_INFINITY
  let last = performance.now()
  for (let i = 0; i < CLOCK_READS; i++) {
    const now = performance.now()
    if (now > last) least = Math.min(least, now - last)
    last = now
  }
  return least
}

async function measureTimers(): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < TIMERS; i++) {
    const begun = performance.now()
    await sleep(1)
    taken.push(performance.now() - begun)
  }
  return taken.sort((a, b) => a - b)[TIMERS >> 1]!
}
