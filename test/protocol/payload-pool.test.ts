import t from 'tap'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { MAX_FREE_SLABS, SLAB_BYTES } from '../../lib/wire/limits.js'
import { Pair } from './pair.js'
import { payload } from './payloads.js'

t.test('messages lie one behind the other, framed by type and length', async (t) => {
  const pool = new PayloadPool()
  const first = pool.frame(1, Uint8Array.of(7, 8))
  const second = pool.frame(300, Uint8Array.of(9))
  t.ok(first.slab === second.slab)
  t.equal(second.start, first.end)
  t.strictSame([...first.slab!.bytes.subarray(0, 8)], [1, 2, 7, 8, 0xac, 0x02, 1, 9])
  t.equal(second.payloadBytes, 1)
})

t.test('a slab is used again once nothing refers to it', async (t) => {
  const pool = new PayloadPool()
  const slab = pool.renew() // the first is a small one
  const message = pool.frame(1, payload(1, 1000))
  const shared = pool.message(slab, message.start, message.payload, message.end) // another peer's
  pool.renew()
  pool.releaseMessage(message)
  t.notOk(pool.renew() === slab, 'the other peer still needs it')
  pool.frame(1, payload(1)) // keeps the current one from being free
  pool.releaseMessage(shared)
  t.ok(pool.renew() === slab)
  t.equal(slab.used, 0)
})

t.test('a record is used again without what it held, and releasing it twice changes nothing', async (t) => {
  const pool = new PayloadPool()
  const message = pool.frame(1, payload(1))
  message.priority = 7
  message.redundancy = 3
  message.id = 5
  message.isLost = true
  message.nextBlock = 9
  pool.releaseMessage(message)
  pool.releaseMessage(message)
  const again = pool.frame(2, payload(2))
  t.ok(again === message)
  t.match(again, { priority: 0, redundancy: 0, id: -1, isLost: false, nextBlock: 0, fragments: undefined })
  t.notOk(pool.frame(3, payload(3)) === message)
  t.equal(pool.current.references, 3, 'two messages and the pool')
})

t.test('a message larger than a slab gets a slab of its own, which is not kept', async (t) => {
  const pool = new PayloadPool()
  const message = pool.frame(1, payload(1, SLAB_BYTES))
  const large = message.slab!
  t.ok(large.bytes.length > SLAB_BYTES)
  t.notOk(pool.renew() === large)
  pool.releaseMessage(message)
  for (let i = 0; i < MAX_FREE_SLABS; i++) t.notOk(pool.renew() === large)
})

t.test('when everything was acknowledged, only the pool holds slabs', async (t) => {
  const pair = new Pair(8, { delayMs: 30, jitterMs: 20, loss: 0.15, duplicates: 0.05 })
  const slabs = new Set<{ references: number }>()
  let count = 0
  const stopAt = pair.now + 3000
  pair.until(
    () => pair.now > stopAt + 3000 && pair.client.connection.isIdle,
    60_000,
    (end, now) => {
      if (end !== pair.client || now > stopAt) return
      for (const delivery of ['reliable', 'ordered', 'unreliable', 'sequenced'] as const) {
        end.send(1, payload(count, count % 50 === 0 ? 9000 : 400), delivery, now, { redundancy: count % 3, ttlMs: count % 7 ? 1e9 : 20 })
        slabs.add(end.pool.current)
        count++
      }
    },
  )
  pair.client.connection.close() // repeats that had nothing to ride on
  t.ok(slabs.size > 1, `${slabs.size} slabs`)
  t.strictSame(
    [...slabs].filter((slab) => slab.references !== (slab === pair.client.pool.current ? 1 : 0)),
    [],
  )
  t.equal(pair.client.connection.queuedBytes, 0)
})

t.test('closing a connection gives everything back, whatever its state', async (t) => {
  for (let at = 20; at < 600; at += 83) {
    const pair = new Pair(at, { delayMs: 50, loss: 0.3 })
    const slabs = new Set<{ references: number }>()
    pair.run(at, (end, now) => {
      for (const delivery of ['reliable', 'ordered', 'unreliable', 'sequenced'] as const)
        end.send(1, payload(1, now % 3 ? 5000 : 50), delivery, now, { redundancy: 2 })
      slabs.add(pair.client.pool.current)
    })
    pair.client.connection.close()
    t.strictSame(
      [...slabs].filter((slab) => slab.references !== (slab === pair.client.pool.current ? 1 : 0)),
      [],
    )
    t.equal(pair.client.connection.queuedBytes, 0)
    t.equal(pair.client.connection.pendingAcks, 0)
  }
})
