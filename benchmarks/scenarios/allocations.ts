// What receiving allocates, and the pauses of garbage collection.
import { Child } from '../child.js'
import {
  ALLOCATION_NODE_OPTIONS,
  type AllocationFigures,
  type AllocationQuestion,
  type AllocationSubject,
  type PauseFigures,
  type PauseQuestion,
} from '../processes/allocation-questions.js'
import type { Bench, Scenario } from '../scenario.js'

const ROUNDS = 30

const ASKED_BYTES = 64

/** Above the longest `--seconds`. */
const MAX_SECONDS = 900

export const allocations: Scenario = {
  name: 'allocations',
  title: 'bytes allocated for each received message and packet, and pauses of garbage collection',
  method:
    'A process with a young generation that nothing fills: what the heap grows by while packets arrive and update() hands their messages (32 bytes, unreliable) to a handler was allocated for them. Packets of 32 messages and of one give two equations, for the cost of a message and of a packet; one decoded object, measured by decoding alone, is the game’s and is taken off. `memory` is the library without sockets; with dgram, what node allocates for a datagram is in it. Pauses: 6000 such messages a second each way, through loops of 60 Hz, in a process with node’s default heap.',
  seconds: 60,
  async run(bench) {
    const subjects: AllocationSubject[] = ['memory', ...bench.transports]
    const costs = new Map<AllocationSubject, AllocationFigures>()
    for (const subject of subjects) costs.set(subject, await measureCosts(subject, bench))
    const pauses = new Map<string, PauseFigures>()
    for (const transport of bench.transports) {
      bench.progress(`allocations: pauses over ${bench.seconds} s, ${transport}`)
      pauses.set(transport, await inChild<PauseFigures>([], 'pauses', { transport, seconds: bench.seconds } satisfies PauseQuestion))
    }
    return {
      figures: { costs: Object.fromEntries(costs), pauses: Object.fromEntries(pauses) },
      tables: [
        {
          title: 'Bytes allocated by receiving',
          columns: ['transport', 'a message', 'a packet', 'each message in full packets', 'message alone in a packet', 'decoded object'],
          rows: [...costs].map(([subject, { perMessage, perPacket, inRuns, alone, decodedObject }]) => [
            subject,
            ...[perMessage, perPacket, inRuns, alone, decodedObject].map((value) => value.toFixed(1)),
          ]),
        },
        {
          title: 'Pauses of garbage collection',
          columns: ['transport', 'seconds', 'pauses', 'ms in all', 'p99 ms', 'longest ms'],
          rows: [...pauses].map(([transport, figures]) => [
            transport,
            figures.seconds.toFixed(0),
            String(figures.pauses),
            figures.totalMs.toFixed(1),
            figures.p99Ms.toFixed(2),
            figures.maxMs.toFixed(2),
          ]),
        },
      ],
      targets: [...costs].flatMap(([subject, { inRuns, alone }]) => [
        {
          what: `${subject}: a received message in a full packet, beyond its object`,
          value: inRuns,
          unit: 'B',
          asked: { atMost: ASKED_BYTES },
        },
        { what: `${subject}: a message alone in its packet, beyond its object`, value: alone, unit: 'B' },
      ]),
      charts: [
        {
          kind: 'bars',
          name: '',
          title: 'allocated by receiving, beyond the decoded object',
          unit: 'bytes',
          groups: [...costs].map(([subject, { perMessage, perPacket }]) => ({
            label: subject,
            bars: [
              { name: 'a message', value: Math.max(0, perMessage) },
              { name: 'a packet', value: perPacket },
            ],
          })),
        },
      ],
    }
  },
}

function measureCosts(subject: AllocationSubject, bench: Bench): Promise<AllocationFigures> {
  bench.progress(`allocations: ${subject}`)
  return inChild<AllocationFigures>(ALLOCATION_NODE_OPTIONS, 'costs', { subject, rounds: ROUNDS } satisfies AllocationQuestion)
}

async function inChild<T>(nodeOptions: readonly string[], name: string, parameter: unknown): Promise<T> {
  const child = new Child('allocations', nodeOptions)
  try {
    return await child.ask<T>(name, parameter, MAX_SECONDS * 1000)
  } finally {
    await child.end()
  }
}
