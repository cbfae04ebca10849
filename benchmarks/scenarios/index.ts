// All scenarios, in the order of their letters in docs/benchmarks.
import type { Scenario } from '../scenario.js'
import { bulk } from './bulk.js'
import { latency } from './latency.js'
import { link } from './link.js'
import { loss } from './loss.js'
import { messages } from './messages.js'
import { wire } from './wire.js'

export const scenarios: readonly Scenario[] = [messages, bulk, latency, loss, link, wire]
