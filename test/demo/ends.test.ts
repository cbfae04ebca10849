// How the demo ends when it is not let to play to the end, and what it says to a wrong command line.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { exampleFile, isGroupAlive, startExample } from '../examples/run-example.js'

const DEMO = exampleFile('arena/demo.js')
const ARENA = `end-${process.pid}`
const WITHOUT_GROUPS = process.platform === 'win32' ? { skip: 'there are no process groups on Windows' } : {}

// The processes mostly wait.
t.jobs = 4

t.test('leaves no process behind after Ctrl-C, whenever it comes', WITHOUT_GROUPS, async (t) => {
  const moments: readonly [text: string, afterMs: number][] = [
    ['Looks for', 0],
    ['Looks for', 600], // the server starts, or looks if another was first
    ['Looks for', 1100], // bots start
    ['tickwire arena', 0], // they play
  ]
  const runs = moments.map(async ([text, afterMs], i) => {
    const { pid, shown, ended } = startExample(DEMO, ['--arena', `${ARENA}-${i}`, '--seconds', '60', '--players', '1'])
    await shown(text)
    await sleep(afterMs) // not for something to happen: the moment itself is what is tried
    process.kill(-pid, 'SIGINT') // a terminal signals the whole group
    const { code, stderr } = await ended
    const moment = `${afterMs} ms after "${text}"`
    t.equal(code, 130, moment)
    t.equal(stderr, 'ended by SIGINT\n', moment)
    t.notOk(isGroupAlive(pid), moment)
  })
  await Promise.all(runs)
})

t.test('leaves no process behind when it alone is told to end', WITHOUT_GROUPS, async (t) => {
  const { pid, shown, ended } = startExample(DEMO, ['--arena', `${ARENA}-told`, '--seconds', '60', '--players', '1'])
  await shown('tickwire arena')
  process.kill(pid, 'SIGTERM')
  t.equal((await ended).code, 143)
  t.notOk(isGroupAlive(pid))
})

t.test('leaves no process behind when it alone is killed, and tells nobody', WITHOUT_GROUPS, async (t) => {
  const { pid, shown, ended } = startExample(DEMO, ['--arena', `${ARENA}-killed`, '--seconds', '60', '--players', '1'])
  await shown('tickwire arena')
  process.kill(pid, 'SIGKILL')
  t.equal((await ended).code, null)
  while (isGroupAlive(pid)) await sleep(20) // the children notice that their parent has gone, and say goodbye
})

t.test('says what is wrong when the port is taken, and exits with 1', async (t) => {
  const holder = createSocket('udp4')
  t.teardown(() => holder.close())
  holder.bind(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address()
  const { code, stderr } = await startExample(DEMO, ['--arena', ARENA, '--port', `${port}`]).ended
  t.equal(code, 1)
  t.match(stderr, `cannot listen on 127.0.0.1, port ${port}: bind EADDRINUSE`)
})

t.test('lists its options with --help', async (t) => {
  const { code, stdout } = await startExample(DEMO, ['--help']).ended
  t.equal(code, 0)
  for (const option of ['players', 'hz', 'seconds', 'port', 'latency', 'loss', 'lan', 'name', 'arena']) t.match(stdout, `  --${option} `)
})

t.test('exits with 2 at a wrong option', async (t) => {
  const { code, stdout, stderr } = await startExample(DEMO, ['--players', '99']).ended
  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, "--players expected an integer from 0 to 31, got '99'")
})
