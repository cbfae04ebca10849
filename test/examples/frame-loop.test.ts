import t from 'tap'
import { createFrame } from '../../examples/frame-loop/frame.js'
import type { Client } from '../../lib/index.js'
import { exampleFile, isGroupAlive, startExample } from './run-example.js'

t.test('a frame of 300 ms ends no connection and loses no shot', async (t) => {
  const { pid, ended } = startExample(exampleFile('frame-loop/frame-loop.js'), ['--frames', '60'])
  const { code, stdout, stderr } = await ended
  t.equal(stderr, '')
  t.equal(code, 0, stdout)
  t.match(stdout, '60 frames, one of 300 ms: the connection lives, and 12 of 12 shots arrived, in order.')
  const [, elapsed, steps, count] = /draws for 300 ms\n +16 +\d+ +(\d+) +(\d+) +(\d+) /.exec(stdout) ?? []
  t.ok(Number(elapsed) >= 300, `the frame after it begins ${elapsed} ms later`)
  t.equal(steps, '6', 'and makes six steps at most')
  t.ok(Number(count) >= 5, `with the ${count} messages that waited`)
  t.match(stdout, /An input reached the server after -?[\d.]+ ms where flush\(\) followed, and after [\d.]+ ms where it waited/)
  t.notOk(isGroupAlive(pid))
})

/** A client and a game that only write down what is called. */
function recorder(): { calls: string[]; frame: ReturnType<typeof createFrame> } {
  const calls: string[] = []
  const note = (call: string) => () => calls.push(call)
  const client = { update: note('update'), flush: note('flush') } as unknown as Client // all that a frame uses of it
  return { calls, frame: createFrame(client, { step: note('step'), sendInput: note('input'), draw: note('draw') }) }
}

t.test('a frame takes what has come, steps, sends, and draws last', async (t) => {
  const { calls, frame } = recorder()
  frame(1000)
  t.strictSame(calls, ['update', 'input', 'flush', 'draw'], 'no step yet: no time has passed')
  calls.length = 0
  frame(1017, { flush: false })
  t.strictSame(calls, ['update', 'step', 'input', 'draw'])
})

t.test('steps follow the time, not the frames', async (t) => {
  const { calls, frame } = recorder()
  let now = 0
  for (let n = 0; n < 600; n++) {
    now += n % 3 === 0 ? 5 : 20
    frame(now)
  }
  const steps = calls.filter((call) => call === 'step').length
  t.ok(Math.abs(steps - ((now - 5) * 60) / 1000) <= 1, `${steps} steps in ${now} ms`)
})

t.test('a long frame is not made up for', async (t) => {
  const { frame } = recorder()
  frame(0)
  t.strictSame(frame(5000), { at: 5000, elapsedMs: 5000, steps: 6 })
  t.equal(frame(5016.7).steps, 1, 'and is forgotten')
})
