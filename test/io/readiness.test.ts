// When sockets are looked at and who is told, with looks that end when the test says so. On real sockets: batched-transport.test.ts.
import t from 'tap'
import { MAX_WATCHED_SOCKETS } from '../../lib/io/limits.js'
import type { LinuxSockets } from '../../lib/io/linux-sockets.js'
import { Readiness } from '../../lib/io/readiness.js'

function newWorld() {
  let memory = new DataView(new ArrayBuffer(0))
  let end: ((ready: number) => void) | undefined
  let count = 0
  const sockets: Pick<LinuxSockets, 'addressOf' | 'pollSoon'> = {
    addressOf: (of) => {
      memory = new DataView(of)
      return 0
    },
    pollSoon: (_, entries, _timeoutMs, done) => {
      if (end !== undefined) throw new Error('two looks at once')
      count = entries
      end = done
    },
  }
  const called: number[] = []
  const readiness = new Readiness(sockets as LinuxSockets) // it makes no other call
  return {
    readiness,
    called,
    watch: (fd: number) => readiness.watch(fd, () => called.push(fd)),
    /** The sockets that are looked at right now. */
    looked: () => (end === undefined ? [] : Array.from({ length: count }, (_, i) => memory.getInt32(i * 8, true))),
    /** Ends the look: these have something to read. */
    finish: (...fds: number[]) => {
      for (let i = 0; i < count; i++) if (fds.includes(memory.getInt32(i * 8, true))) memory.setUint16(i * 8 + 6, 1, true)
      const done = end!
      end = undefined
      done(fds.length)
    },
  }
}

t.test('calls once when a socket is readable, and looks at the others again', async (t) => {
  const { watch, looked, finish, called } = newWorld()
  watch(3)
  t.strictSame(looked(), [3])
  watch(4)
  t.strictSame(looked(), [3], 'what comes meanwhile waits for the next look')
  finish()
  t.strictSame(called, [])
  t.strictSame(looked(), [3, 4])
  finish(4)
  t.strictSame(called, [4])
  t.strictSame(looked(), [3])
  finish(3)
  t.strictSame(called, [4, 3])
  t.strictSame(looked(), [], 'no thread waits for nobody')
  watch(4)
  t.strictSame(looked(), [4])
})

t.test('who is no longer watched is not called, though a look found it', async (t) => {
  const { readiness, watch, looked, finish, called } = newWorld()
  watch(3)
  watch(4)
  readiness.unwatch(3)
  finish(3)
  t.strictSame(called, [])
  t.strictSame(looked(), [4])
  readiness.unwatch(4)
  finish(4)
  t.strictSame(called, [])
  t.strictSame(looked(), [])
})

t.test('who is called may watch again', async (t) => {
  const { readiness, watch, looked, finish, called } = newWorld()
  watch(1)
  finish()
  readiness.watch(1, () => {
    called.push(1)
    watch(1)
  })
  readiness.watch(2, () => called.push(2))
  finish(1)
  t.strictSame(called, [1])
  t.strictSame(looked().sort(), [1, 2])
  finish(1, 2)
  t.strictSame(called.sort(), [1, 1, 2])
})

t.test('looks at no more than it has room for', async (t) => {
  const { readiness, watch, looked, finish } = newWorld()
  for (let fd = 0; fd < MAX_WATCHED_SOCKETS + 10; fd++) watch(fd)
  finish()
  t.equal(looked().length, MAX_WATCHED_SOCKETS)
  readiness.unwatch(5)
  watch(MAX_WATCHED_SOCKETS + 3)
  finish()
  t.ok(looked().includes(MAX_WATCHED_SOCKETS + 3), 'one that goes makes room')
  t.equal(looked().length, MAX_WATCHED_SOCKETS)
})

t.test('a look that fails calls nobody, and the next is made', async (t) => {
  const { watch, looked, finish, called } = newWorld()
  watch(3)
  finish()
  finish(3)
  watch(3)
  finish()
  t.strictSame(called, [3])
  t.strictSame(looked(), [3], 'what the look before found is not found again')
})
