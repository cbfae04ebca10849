import t from 'tap'
import { exampleFile, isGroupAlive, startExample } from './run-example.js'

t.test('who is silent is thrown out, a flood is cut, words are changed, and the server is well', async (t) => {
  const { pid, ended } = startExample(exampleFile('watch/watch.js'), ['--seconds', '2'])
  const { code, stdout, stderr } = await ended
  t.equal(stderr, '')
  t.equal(code, 0, stdout)
  t.match(stdout, /^ada is in, and reads: be kind\nbob is in, .*\nmallory is in, /)
  t.match(stdout, /^ada: \*\*\*\*, it rains$/m)
  t.match(stdout, /^messages so far: Start out 3, Chat in \d+$/m)
  t.match(stdout, /^watchdog: bob, silence: no message came for \d{4,5} ms$/m)
  t.match(stdout, /^bob has left \(kicked\)$/m)
  t.match(stdout, /^bob reads: kicked, no message came for \d{4,5} ms$/m)
  // Where the machine is too busy for 30 updates a second, the server rightly says that it is not well.
  t.match(stdout, /^HTTP (200: healthy true|503: healthy false), 2 peers, rate-limited true, by middleware true$/m)
  t.notOk(isGroupAlive(pid))
})
