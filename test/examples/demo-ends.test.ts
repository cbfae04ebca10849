// How the demo ends when it is not let to play to the end, and what it says to a wrong command line.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { exampleFile, isGroupAlive, startExample } from './run-example.js'

const DEMO = exampleFile('arena/demo.js')
const WITHOUT_GROUPS = process.platform === 'win32' ? { skip: 'there are no process groups on Windows' } : {}

t.test('leaves no process behind after Ctrl-C, whenever it comes', WITHOUT_GROUPS, async (t) => {
  for (const [text, afterMs] of [
    ['are starting', 0],
    ['are starting', 80], // the server has started
    ['are starting', 200], // bots start
    ['tickwire arena', 0], // they play
  ] as const) {
    const { pid, shown, ended } = startExample(DEMO, ['--seconds', '60', '--players', '4'])
    await shown(text)
    await sleep(afterMs)
    process.kill(-pid, 'SIGINT') // a terminal signals the whole group
    const { code, stderr } = await ended
    const moment = `${afterMs} ms after "${text}"`
    t.equal(code, 130, moment)
    t.equal(stderr, 'ended by SIGINT\n', moment)
    t.notOk(isGroupAlive(pid), moment)
  }
})

t.test('leaves no process behind when it alone is told to end', WITHOUT_GROUPS, async (t) => {
  const { pid, shown, ended } = startExample(DEMO, ['--seconds', '60', '--players', '2'])
  await shown('tickwire arena')
  process.kill(pid, 'SIGTERM')
  t.equal((await ended).code, 143)
  t.notOk(isGroupAlive(pid))
})

t.test('says what is wrong when the port is taken, and exits with 1', async (t) => {
  const holder = createSocket('udp4')
  t.teardown(() => holder.close())
  holder.bind(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address()
  const { code, stderr } = await startExample(DEMO, ['--port', `${port}`]).ended
  t.equal(code, 1)
  t.match(stderr, `cannot listen on 127.0.0.1, port ${port}: bind EADDRINUSE`)
})

t.test('lists its options with --help', async (t) => {
  const { code, stdout } = await startExample(DEMO, ['--help']).ended
  t.equal(code, 0)
  for (const option of ['players', 'hz', 'seconds', 'port', 'latency', 'loss']) t.match(stdout, `--${option} `)
})

t.test('exits with 2 at a wrong option', async (t) => {
  const { code, stdout, stderr } = await startExample(DEMO, ['--players', '99']).ended
  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, "--players expected an integer from 0 to 31, got '99'")
})
