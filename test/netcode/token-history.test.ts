import t from 'tap'
import { TokenHistory, type TokenVerdict } from '../../lib/netcode/token-history.js'
import { createRandom } from './world.js'

const HOST = '10.0.0.9'

function mac(id: number): Uint8Array {
  return new Uint8Array(16).fill(id & 255, 0, 8).fill(id >>> 8, 8)
}

t.test('a pending token admits repeats from its own address only', async (t) => {
  const history = new TokenHistory(10, false)
  t.equal(history.admit(mac(1), 100, HOST, 1), 'accepted')
  t.equal(history.admit(mac(1), 100, HOST, 1), 'accepted')
  t.equal(history.admit(mac(1), 100, HOST, 2), 'other-address')
  t.equal(history.admit(mac(1), 100, '10.0.0.8', 1), 'other-address')
  t.equal(history.size, 1)
})

t.test('a consumed token is never accepted again, from any address', async (t) => {
  const history = new TokenHistory(10, false)
  history.admit(mac(1), 100, HOST, 1)
  history.consume(mac(1), 100, HOST, 1)
  t.equal(history.admit(mac(1), 100, HOST, 1), 'consumed')
  t.equal(history.admit(mac(1), 100, HOST, 2), 'consumed')
})

t.test('a full table refuses new tokens and forgets none', async (t) => {
  const history = new TokenHistory(2, false)
  history.admit(mac(1), 100, HOST, 1)
  history.consume(mac(1), 100, HOST, 1)
  history.admit(mac(2), 200, HOST, 2)
  t.equal(history.admit(mac(3), 300, HOST, 3), 'full')
  t.equal(history.admit(mac(1), 100, HOST, 1), 'consumed')
  t.equal(history.admit(mac(2), 200, HOST, 2), 'accepted')
  history.expire(100)
  t.equal(history.admit(mac(3), 300, HOST, 3), 'accepted', 'room again after one expired')
})

t.test('tokens are forgotten when they expire, and not before', async (t) => {
  const history = new TokenHistory(10, false)
  history.admit(mac(1), 100, HOST, 1)
  history.consume(mac(1), 100, HOST, 1)
  history.expire(99)
  t.equal(history.admit(mac(1), 100, HOST, 1), 'consumed')
  history.expire(100)
  t.equal(history.size, 0)
})

t.test('in open mode, the oldest gives way and nothing expires', async (t) => {
  const history = new TokenHistory(2, true)
  for (const id of [1, 2]) {
    history.admit(mac(id), 100, HOST, id)
    history.consume(mac(id), 100, HOST, id)
  }
  history.expire(1e9)
  t.equal(history.admit(mac(1), 100, HOST, 1), 'consumed')
  t.equal(history.admit(mac(3), 100, HOST, 3), 'accepted')
  t.equal(history.size, 2)
  t.equal(history.admit(mac(2), 100, HOST, 2), 'consumed')
})

t.test('in open mode, a token that was evicted before its session began is remembered again', async (t) => {
  const history = new TokenHistory(1, true)
  history.admit(mac(1), 100, HOST, 1)
  history.admit(mac(2), 100, HOST, 2)
  history.consume(mac(1), 100, HOST, 1)
  t.equal(history.admit(mac(1), 100, HOST, 1), 'consumed')
})

t.test('agrees with a naive model for random operations', async (t) => {
  for (let seed = 0; seed < 20; seed++) {
    const random = createRandom(seed)
    const history = new TokenHistory(40, false)
    const model = new Map<number, { expire: number; port: number; isConsumed: boolean }>()
    let now = 0
    for (let step = 0; step < 3000; step++) {
      const id = Math.floor(random() * 120)
      const port = Math.floor(random() * 2)
      const expire = now + 1 + Math.floor(random() * 30)
      const entry = model.get(id)
      if (random() < 0.6) {
        let expected: TokenVerdict = 'accepted'
        if (entry?.isConsumed) expected = 'consumed'
        else if (entry !== undefined && entry.port !== port) expected = 'other-address'
        else if (entry === undefined && model.size >= 40) expected = 'full'
        else if (entry === undefined) model.set(id, { expire, port, isConsumed: false })
        const verdict = history.admit(mac(id), expire, HOST, port)
        if (verdict !== expected) t.fail(`seed ${seed}, step ${step}: expected ${expected}, got ${verdict}`)
      } else if (random() < 0.5) {
        if (entry !== undefined) entry.isConsumed = true
        history.consume(mac(id), expire, HOST, port)
      } else {
        if (random() < 0.1) now += Math.floor(random() * 5)
        history.expire(now)
        for (const [key, { expire: at }] of model) if (at <= now) model.delete(key)
      }
      if (history.size !== model.size) t.fail(`seed ${seed}, step ${step}: expected ${model.size} tokens, got ${history.size}`)
    }
  }
  t.pass()
})
