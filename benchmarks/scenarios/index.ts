// All scenarios, in the order of their letters in docs/benchmarks.
import type { Scenario } from '../scenario.js'
import { allocations } from './allocations.js'
import { bulk } from './bulk.js'
import { connections } from './connections.js'
import { latency } from './latency.js'
import { link } from './link.js'
import { loss } from './loss.js'
import { memory } from './memory.js'
import { messages } from './messages.js'
import { players } from './players.js'
import { wire } from './wire.js'

export const scenarios: readonly Scenario[] = [messages, bulk, players, latency, loss, link, allocations, memory, connections, wire]
