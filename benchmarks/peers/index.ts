// The libraries that tickwire is measured beside.
import { enet } from './enet.js'
import { nodeDgram } from './node-dgram.js'
import type { BenchmarkPeer } from './peer.js'
import { socketIo } from './socket-io.js'
import { tickwire } from './tickwire.js'
import { udx } from './udx.js'
import { ws } from './ws.js'

export type { BenchmarkDelivery, BenchmarkPeer, BenchmarkResult, BenchmarkRun } from './peer.js'

export const peers: readonly BenchmarkPeer[] = [tickwire, enet, udx, ws, socketIo, nodeDgram]
