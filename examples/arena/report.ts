// What the demo says in plain lines: a line a second without a terminal, and what came of it in both cases. Numbers in, strings out; nothing here prints.
import { type Conditions, textOf } from './conditions.js'
import type { Total } from './counts.js'
import type { DelaySummary } from './delay-meter.js'
import { ARENA_WIDTH, SPEED } from './game.js'
import type { LinkState } from './link-meter.js'

export interface Progress {
  /** Since play began; undefined when it is over and what is under way still arrives. */
  readonly seconds: number | undefined
  readonly link: LinkState | undefined
  readonly yourDelayMs: number | undefined
  readonly ghostDelayMs: number | undefined
}

/** How both dots followed the moves. */
export interface Delays {
  readonly you: DelaySummary | undefined
  readonly ghost: DelaySummary | undefined
  /** The largest correction of the prediction, in units. */
  readonly worstCorrection: number
  /** The longest time between two ticks of the player's own loop. */
  readonly longestGapMs: number
  readonly hz: number
}

/** Where to read on. */
export const NEXT_LINES = [
  'Open examples/arena/prediction.ts next: it is your dot, in 70 lines.',
  'Then ghost.ts, the other one; interpolation.ts, the others; messages.ts.',
]

/** One line of progress. */
export function progressLine({ seconds, link, yourDelayMs, ghostDelayMs }: Progress): string {
  const { latency = 0, jitter = 0, loss = 0, bytes = 0, messages = 0 } = link ?? {}
  return [
    seconds === undefined ? 'settles' : `${seconds.toFixed(0).padStart(5)} s`,
    `RTT ${latency.toFixed(1)} ms`,
    `jitter ${jitter.toFixed(1)} ms`,
    `loss ${(loss * 100).toFixed(1)} %`,
    `${whole(bytes)} bytes/s`,
    `${whole(messages)} messages/s`,
    `you ${milliseconds(yourDelayMs)} ms`,
    `ghost ${milliseconds(ghostDelayMs)} ms`,
  ].join('   ')
}

/** The first line of a run without a terminal. */
export function headline(conditions: Conditions, { bots, hz, seconds }: { bots: number; hz: number; seconds: number }): string {
  const link = textOf(conditions)
  return `tickwire arena   ${bots} ${bots === 1 ? 'bot' : 'bots'} and you at ${hz} Hz for ${seconds} s${link === '' ? '' : `   link: ${link}`}`
}

/** What both dots were at their worst. */
export function delayLines({ you, ghost, worstCorrection, longestGapMs, hz }: Delays): string[] {
  if (you === undefined || ghost === undefined) return ['Not long enough to tell the delays.']
  const stride = SPEED / hz
  const jumps = (jump: number): string => (jump <= stride * 1.5 ? 'never jumped' : `jumped ${jump.toFixed(1)} units`)
  const corrections = worstCorrection === 0 ? 'never corrected' : `corrected by up to ${worstCorrection.toFixed(2)}`
  return [
    'The worst second of each, from a move until it is seen:',
    `  ● you, predicted  ${milliseconds(you.worst.delayMs).padStart(5)} ms   ${jumps(you.jump)}, ${corrections}`,
    `  ○ ghost, ordered  ${milliseconds(ghost.worst.delayMs).padStart(5)} ms   stood still for ${milliseconds(ghost.stillMs)} ms, ${jumps(ghost.jump)}`,
    `In a tick of ${milliseconds(1000 / hz)} ms one runs ${stride.toFixed(2)} units; the arena is ${ARENA_WIDTH} wide.`,
    ...holdUps(longestGapMs, hz),
  ]
}

/** What came of the match. */
export function summaryLines(totals: readonly Total[], mismatches: readonly string[]): string[] {
  const lines = [`${''.padEnd(23)}${'sent'.padStart(10)}${'received'.padStart(10)}${'share'.padStart(10)}`]
  for (const { what, sent, received } of totals) {
    lines.push(`${what.padEnd(23)}${whole(sent).padStart(10)}${whole(received).padStart(10)}${`${percent(received, sent)} %`.padStart(10)}`)
  }
  lines.push('')
  if (mismatches.length === 0) lines.push('All counts match: chat arrived once and in order, for every pair and direction.')
  else
    lines.push(
      `${mismatches.length} ${mismatches.length === 1 ? 'count does' : 'counts do'} not match:`,
      ...mismatches.map((text) => `  ${text}`),
    )
  return lines
}

/** Stalls of the machine are in neither delay: without ticks there are no moves. */
function holdUps(longestGapMs: number, hz: number): string[] {
  if (longestGapMs < 4000 / hz) return []
  return [`(This machine held the game's loop up for ${milliseconds(longestGapMs)} ms once. That is not in them.)`]
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(0)
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en-US')
}

/** Cut, not rounded: what is not complete never reads as 100.0. */
function percent(part: number, all: number): string {
  return all === 0 ? '–' : (Math.floor((part / all) * 1000) / 10).toFixed(1)
}
