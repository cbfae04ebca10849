// From a seed to a world and what happens in it. Everything random is drawn here; what then runs only follows the list.
import type { Delivery } from '../lib/index.js'
import { Random } from '../lib/simulator/index.js'
import { contents, empties } from './messages.js'
import type { Action, Decision, Operation, Plan, Reaction, Setup, StageSpec, Who } from './operations.js'

const DELIVERIES: readonly Delivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']
const DECISIONS: readonly Decision[] = [
  'accept',
  'undecided',
  'accept-later',
  'accept-throw',
  'reject',
  'reject-later',
  'throw',
  'fail-later',
  'never',
]
const REACTIONS: readonly Reaction[] = ['throw', 'fail', 'answer', 'answer', 'end', 'update']

/** A flood is more than this. */
const SMALL_QUEUE_BYTES = 65_536
const FLOOD_BYTES = 2000
const FLOOD_MESSAGES = 70

export interface Program {
  readonly setup: Setup
  readonly operations: readonly Operation[]
}

/** What the seed stands for. The same on every machine. */
export function generate(seed: number): Program {
  const draw = new Draw(new Random(seed))
  const setup = drawSetup(draw, seed)
  const operations: Operation[] = [{ kind: 'listen', waitMs: 10 }]
  for (let i = 0; i < setup.clients; i++) operations.push({ kind: 'connect', client: i, plan: drawPlan(draw), waitMs: draw.upTo(200) })
  const count = draw.between(30, 110)
  for (let i = 0; i < count; i++) operations.push({ ...drawAction(draw, setup), waitMs: drawWait(draw) })
  return { setup, operations }
}

/** Draws in the words of this file. */
class Draw {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  chance(share: number): boolean {
    return this.#random.next() < share
  }

  /** An integer, both ends included. */
  between(least: number, most: number): number {
    return least + this.#random.integer(most - least + 1)
  }

  upTo(most: number): number {
    return this.between(0, most)
  }

  /** An integer, the small ones more often: as many below the geometric mean as above. */
  skewed(least: number, most: number): number {
    return Math.min(most, Math.floor(least * (most / least) ** this.#random.next()))
  }

  of<T>(items: readonly T[]): T {
    return items[this.#random.integer(items.length)]!
  }
}

function drawSetup(draw: Draw, seed: number): Setup {
  const clients = draw.between(1, 5)
  const maxMessageBytes = draw.of([1024, 4096, 16_384, 65_536, 262_144])
  const { up, down } = drawNetwork(draw)
  const timeoutMs = draw.of([1000, 2000, 3000, 5000, 10_000])
  return {
    seed,
    clients,
    isTokenMode: draw.chance(0.3),
    maxPeers: draw.chance(0.2) ? Math.max(1, clients - 1) : clients + 2,
    serverTimeoutMs: timeoutMs,
    clientTimeoutMs: draw.chance(0.7) ? timeoutMs : draw.of([1000, 2000, 4000]),
    keepAliveMs: draw.of([100, 250, 1000]),
    maxMessageBytes,
    maxSendQueueBytes: draw.chance(0.3) ? Math.max(65_536, 2 * maxMessageBytes) : 8 * 1024 * 1024,
    serverHz: draw.of([10, 20, 30, 60, 60, 100]),
    clientHz: Array.from({ length: clients }, () => draw.of([3, 10, 20, 30, 60, 60, 144])),
    clockOffsets: Array.from({ length: clients + 1 }, () => draw.of([0, 0, 1.5, 1e6, 1e9]) + draw.upTo(1000) / 7),
    up,
    down,
  }
}

/** Mostly one kind of trouble, sometimes several, sometimes another one each way. */
function drawNetwork(draw: Draw): { up: StageSpec[]; down: StageSpec[] } {
  const up = drawStages(draw)
  return { up, down: draw.chance(0.7) ? up : drawStages(draw) }
}

function drawStages(draw: Draw): StageSpec[] {
  const stages: StageSpec[] = []
  const delayMs = draw.chance(0.2) ? 0 : draw.skewed(1, 300)
  if (draw.chance(0.05)) stages.push(['mtu', draw.between(200, 1190)])
  if (draw.chance(0.15)) stages.push(['bandwidth', draw.skewed(8000, 1_000_000), draw.skewed(3000, 100_000)])
  stages.push(['delay', delayMs, draw.chance(0.6) ? draw.upTo(delayMs) : 0])
  if (draw.chance(0.5)) stages.push(['loss', draw.skewed(1, 60) / 100])
  if (draw.chance(0.15)) stages.push(['burstLoss', draw.skewed(1, 20) / 100, draw.between(5, 50) / 100])
  if (draw.chance(0.2)) stages.push(['duplicate', draw.skewed(1, 50) / 100, draw.upTo(200)])
  if (draw.chance(0.15)) stages.push(['reorder', draw.skewed(1, 50) / 100, draw.upTo(150)])
  if (draw.chance(0.15)) stages.push(['corrupt', draw.skewed(1, 30) / 100, draw.between(1, 8)])
  if (draw.chance(0.08)) stages.push(['truncate', draw.skewed(1, 20) / 100])
  return stages
}

function drawPlan(draw: Draw): Plan {
  return {
    decision: draw.chance(0.7) ? 'accept' : draw.of(DECISIONS),
    decideMs: draw.skewed(1, 2000),
    onConnect: draw.chance(0.6) ? 'answer' : drawReaction(draw, 0.2),
    onAccepted: draw.chance(0.6) ? 'answer' : drawReaction(draw, 0.2),
    comesBack: draw.chance(0.2),
    usesOldToken: draw.chance(0.08),
  }
}

function drawReaction(draw: Draw, share: number): Reaction {
  return draw.chance(share) ? draw.of(REACTIONS) : 'none'
}

function drawWait(draw: Draw): number {
  const kind = draw.upTo(9)
  if (kind < 4) return draw.upTo(30)
  return kind < 9 ? draw.skewed(20, 500) : draw.skewed(500, 3000)
}

function drawWho(draw: Draw, setup: Setup): Who {
  return draw.chance(0.4) ? 'server' : draw.upTo(setup.clients - 1)
}

function drawAction(draw: Draw, setup: Setup): Action {
  const client = draw.upTo(setup.clients - 1)
  const kind = draw.upTo(99)
  if (kind < 46) return drawSend(draw, setup, client)
  if (kind < 51) return drawBroadcast(draw, setup, client)
  if (kind < 64) return { kind: 'connect', client, plan: drawPlan(draw) }
  if (kind < 67) return { kind: 'disconnect', client }
  if (kind < 69) return { kind: 'kick', client }
  if (kind < 70) return draw.chance(0.3) ? { kind: 'kickAll' } : { kind: 'flush', who: drawWho(draw, setup) }
  if (kind < 72) return { kind: 'kill', who: draw.chance(0.25) ? 'server' : client, closesPort: draw.chance(0.5) }
  if (kind < 74) return draw.chance(0.4) ? { kind: 'close' } : { kind: 'listen' }
  if (kind < 76) return { kind: 'accepting', value: draw.chance(0.6) }
  if (kind < 80) return { kind: 'pause', who: drawWho(draw, setup), ms: draw.skewed(50, 6000) }
  if (kind < 82) return { kind: 'jump', who: drawWho(draw, setup), ms: draw.skewed(100, 60_000) }
  if (kind < 83) return { kind: 'suspend', ms: draw.skewed(100, 20_000) }
  if (kind < 85) return { kind: 'hz', who: drawWho(draw, setup), hz: draw.of([2, 5, 10, 30, 60, 144]) }
  if (kind < 91) return { kind: 'network', ...drawNetwork(draw) }
  if (kind < 93)
    return {
      kind: 'partition',
      clients: Array.from({ length: setup.clients }, (_, i) => i).filter(() => draw.chance(0.5)),
    }
  if (kind < 96) return { kind: 'heal' }
  if (kind < 97) return { kind: 'rebind', client }
  if (kind < 98) return { kind: 'calm' }
  return { kind: 'listen' }
}

function drawBytes(draw: Draw, setup: Setup): number {
  const kind = draw.upTo(99)
  if (kind < 5) return 0
  if (kind < 80) return draw.skewed(1, 200)
  if (kind < 93) return Math.min(draw.skewed(200, 4000), setup.maxMessageBytes - 16)
  if (kind < 97) return draw.skewed(900, setup.maxMessageBytes - 16)
  return kind < 99 ? -1 : -2
}

function drawSend(draw: Draw, setup: Setup, client: number): Action {
  const from: Who = draw.chance(0.5) ? 'server' : client
  const isEmpty = draw.chance(0.08)
  const bytes = isEmpty ? 0 : drawBytes(draw, setup)
  const type = draw.of(isEmpty ? empties : contents)
  const most = bytes >= 0 && bytes <= 200 ? 120 : bytes >= 0 && bytes <= 4000 ? 16 : 2
  // More than a small send queue holds.
  const isFlood = bytes >= 0 && setup.maxSendQueueBytes <= SMALL_QUEUE_BYTES && draw.chance(0.06)
  return {
    kind: 'send',
    from,
    to: client,
    type: type.name,
    delivery: isEmpty || draw.chance(0.9) ? undefined : draw.of(DELIVERIES),
    bytes: isFlood ? Math.min(FLOOD_BYTES, setup.maxMessageBytes - 16) : bytes,
    count: isFlood ? FLOOD_MESSAGES : draw.skewed(1, most),
    reaction: isFlood ? 'none' : drawReaction(draw, 0.04),
  }
}

function drawBroadcast(draw: Draw, setup: Setup, client: number): Action {
  const bytes = Math.max(0, drawBytes(draw, setup))
  const type = draw.of(contents.filter(({ from }) => from !== 'client'))
  return {
    kind: 'broadcast',
    type: type.name,
    bytes: Math.min(bytes, 4000),
    count: draw.skewed(1, 10),
    except: draw.chance(0.2) ? client : -1,
  }
}
