// What receiving allocates, against bounds.ts: measured in a process with a young generation that nothing fills, so that no collection falls into it.
import t from 'tap'
import { Child } from '../../benchmarks/child.js'
import {
  ALLOCATION_NODE_OPTIONS,
  type AllocationFigures,
  type AllocationQuestion,
} from '../../benchmarks/processes/allocation-questions.js'
import { selectCrypto } from '../../lib/io/select-crypto.js'
import { ALLOCATIONS } from './bounds.js'

t.test('a received message allocates its decoded object, and a packet little', async (t) => {
  const child = new Child('allocations', ALLOCATION_NODE_OPTIONS)
  t.teardown(() => child.end())
  const { perMessage, perPacket } = await child.ask<AllocationFigures>('costs', {
    subject: 'memory',
    rounds: 5,
  } satisfies AllocationQuestion)
  t.ok(perMessage <= ALLOCATIONS.perMessage, `${perMessage} B for a message beyond its object, at most ${ALLOCATIONS.perMessage}`)
  const { name } = selectCrypto()
  const most = ALLOCATIONS.perPacket[name === '@noble/ciphers' ? 'node:crypto' : name] // which is there wherever Node is
  t.ok(perPacket <= most, `${perPacket} B for a packet, at most ${most}`)
})
