import t from 'tap'
import { Inbox } from '../../lib/io/inbox.js'
import type { Datagram } from '../../lib/io/transport.js'

function numbered(port: number): Datagram {
  return { bytes: new Uint8Array(1), length: 1, host: '127.0.0.1', port, at: 0 }
}

t.test('gives datagrams in the order in which they came, across growth and wrap', async (t) => {
  const inbox = new Inbox(10_000)
  let pushed = 0
  let shifted = 0
  // Three in, two out: the head moves while the ring doubles seven times.
  while (pushed < 9000) {
    for (let count = 0; count < 3; count++) inbox.push(numbered(pushed++))
    for (let count = 0; count < 2; count++) {
      if (inbox.shift()?.port !== shifted++) t.fail(`expected datagram ${shifted - 1}`)
    }
  }
  t.equal(inbox.length, 3000)
  while (inbox.length > 0) if (inbox.shift()?.port !== shifted++) t.fail(`expected datagram ${shifted - 1}`)
  t.equal(shifted, 9000)
  t.equal(inbox.shift(), undefined)
})

t.test('refuses the newest when it is full, also where the limit is no power of two', async (t) => {
  const inbox = new Inbox(100)
  for (let port = 0; port < 100; port++) t.ok(inbox.push(numbered(port)))
  t.notOk(inbox.push(numbered(100)))
  t.equal(inbox.length, 100)
  t.equal(inbox.shift()?.port, 0)
  t.ok(inbox.push(numbered(101)), 'takes one again after one has left')
  t.notOk(inbox.push(numbered(102)))
  for (let port = 1; port < 100; port++) t.equal(inbox.shift()?.port, port)
  t.equal(inbox.shift()?.port, 101)
})

t.test('refuses a limit below one', async (t) => {
  for (const limit of [0, -1, 1.5, Number.NaN])
    t.throws(() => new Inbox(limit), new RangeError(`"maxInboxDatagrams" expected integer 1 or more, got ${limit}`))
})
