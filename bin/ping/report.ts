// The lines of `tickwire ping`. Pure functions.
import { type Address, formatAddress } from 'tickwire/netcode'
import { milliseconds, row } from '../text.js'
import type { Outcome, Verdict } from './outcome.js'
import type { Pong } from './ping-session.js'
import type { Statistics } from './statistics.js'

export function sessionLine(address: Address, answeredMs: number, connectedMs: number): string {
  return `${formatAddress(address)}: netcode answered after ${milliseconds(answeredMs)} ms, session after ${milliseconds(connectedMs)} ms, the waits for the server's update() included`
}

export function pingLine(number: number, pong: Pong | undefined, timeoutMs: number): string {
  if (pong === undefined) return row([`ping ${number}`, `no answer within ${timeoutMs} ms`], [8])
  return row(
    [`ping ${number}`, `${milliseconds(pong.rttMs)} ms`, `and ${milliseconds(pong.waitedMs)} ms until the server's update()`],
    [8, 9],
    [1],
  )
}

export function statisticsLines({ sent, answered, lost, min, average, max, jitter }: Statistics): string[] {
  const count = `${sent} ${sent === 1 ? 'ping' : 'pings'}, ${answered} answered, ${Number((100 * lost).toFixed(1))} % lost`
  if (min === undefined || average === undefined || max === undefined) return [count]
  const jitterText = jitter === undefined ? '' : `, jitter ${milliseconds(jitter)}`
  return [count, `round trip in ms: min ${milliseconds(min)}, average ${milliseconds(average)}, max ${milliseconds(max)}${jitterText}`]
}

export function sessionJson(address: Address, answeredMs: number, connectedMs: number): unknown {
  return { type: 'session', address: formatAddress(address), answeredMs: rounded(answeredMs), connectedMs: rounded(connectedMs) }
}

export function pingJson(number: number, pong: Pong | undefined): unknown {
  return { type: 'ping', number, rttMs: rounded(pong?.rttMs), waitedMs: rounded(pong?.waitedMs) }
}

export function summaryJson(
  outcome: Outcome,
  { sent, answered, lost, min, average, max, jitter }: Statistics,
  detail: string,
  { text, advice }: Verdict,
): unknown {
  const times = { minMs: rounded(min), averageMs: rounded(average), maxMs: rounded(max), jitterMs: rounded(jitter) }
  return { type: 'summary', outcome, sent, answered, lost, ...times, detail, text, advice }
}

/** To the microsecond; null where there is nothing to tell. */
function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 1000) / 1000
}
