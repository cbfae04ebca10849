// ENet, in C and without encryption: enet-bench.c, run as a process of its own.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { compile, whyNotCompiled } from './compile.js'
import type { BenchmarkDelivery, BenchmarkPeer, BenchmarkResult } from './peer.js'
import { windowOf } from './pump.js'

/** Time for the process to connect and to end, beyond the deadline of the run. */
const GRACE_MS = 10_000

/** ENet sends at most 64 KiB of unacknowledged reliable data; twice that keeps its queue from running dry. */
const WINDOW_BYTES = 128 * 1024

const MAX_WINDOW_MESSAGES = 2048

/** What ENet calls each delivery. Its reliable messages are ordered, and its unreliable ones sequenced, unless they are unsequenced. */
const MODES: Readonly<Record<BenchmarkDelivery, string>> = {
  unreliable: 'unsequenced',
  sequenced: 'sequenced',
  reliable: 'reliable',
  ordered: 'reliable',
}

export interface EnetOptions {
  readonly name?: string
  /** Bytes under way. */
  readonly windowBytes?: number
  /** Messages under way, whatever their size. */
  readonly windowMessages?: number
}

export function enet({ name = 'ENet (C)', windowBytes = WINDOW_BYTES, windowMessages }: EnetOptions = {}): BenchmarkPeer {
  return {
    name,
    isProcess: true,
    unavailable: () => whyNotCompiled('enet-bench'),
    async run({ bytes, delivery, count, deadlineMs }) {
      const window = windowMessages ?? windowOf(bytes, windowBytes, MAX_WINDOW_MESSAGES)
      const { stdout } = await promisify(execFile)(
        compile('enet-bench'),
        [MODES[delivery], String(bytes), String(count), String(deadlineMs), String(window)],
        { timeout: deadlineMs + GRACE_MS },
      )
      const result = JSON.parse(stdout) as BenchmarkResult & { error?: string }
      if (result.error !== undefined) throw new Error(`enet-bench: ${result.error}`)
      return result
    },
  }
}
