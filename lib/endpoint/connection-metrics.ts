import { Counters, type Metrics } from './metrics.js'
import type { PeerConnection } from './peer-connection.js'

const noCounters = new Counters()

/** The metrics of one connection; of none, zeros. */
export function metricsOf(link: PeerConnection | undefined, state: number, now: number): Metrics {
  const counters = link?.counters ?? noCounters
  const path = link?.protocol.path
  return {
    state,
    latency: path?.rtt.hasSample ? path.rtt.smoothed : 0,
    jitter: path?.rtt.hasSample ? path.rtt.variation : 0,
    packetLoss: path?.loss.share(now) ?? 0,
    outBufferBytes: link?.queuedBytes ?? 0,
    pendingAcks: link?.protocol.pendingAcks ?? 0,
    reorderQueue: link?.protocol.heldMessages ?? 0,
    inBytes: counters.inBytes,
    outBytes: counters.outBytes,
    inPackets: counters.inPackets,
    outPackets: counters.outPackets,
    inMessages: counters.inMessages,
    outMessages: counters.outMessages,
    unsentMessages: link?.protocol.unsentMessages ?? 0,
    keepaliveCount: counters.keepaliveCount,
    congestionWindow: path?.congestionWindow ?? 0,
  }
}

/** The metrics of several connections together: sums, and means of the times and shares. `totals` counts those that have ended too. */
export function sumMetrics(all: readonly Metrics[], state: number, totals: Counters): Metrics {
  const mean = (key: 'latency' | 'jitter' | 'packetLoss'): number =>
    all.length === 0 ? 0 : all.reduce((sum, m) => sum + m[key], 0) / all.length
  const sum = (key: 'outBufferBytes' | 'pendingAcks' | 'reorderQueue' | 'congestionWindow' | 'unsentMessages'): number =>
    all.reduce((total, m) => total + m[key], 0)
  return {
    state,
    latency: mean('latency'),
    jitter: mean('jitter'),
    packetLoss: mean('packetLoss'),
    outBufferBytes: sum('outBufferBytes'),
    pendingAcks: sum('pendingAcks'),
    reorderQueue: sum('reorderQueue'),
    congestionWindow: sum('congestionWindow'),
    unsentMessages: sum('unsentMessages'),
    inBytes: totals.inBytes,
    outBytes: totals.outBytes,
    inPackets: totals.inPackets,
    outPackets: totals.outPackets,
    inMessages: totals.inMessages,
    outMessages: totals.outMessages,
    keepaliveCount: totals.keepaliveCount,
  }
}
