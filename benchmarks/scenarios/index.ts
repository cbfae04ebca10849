// All scenarios, in the order of their letters in docs/benchmarks.
import type { Scenario } from '../scenario.js'
import { bulk } from './bulk.js'
import { messages } from './messages.js'
import { wire } from './wire.js'

export const scenarios: readonly Scenario[] = [messages, bulk, wire]
