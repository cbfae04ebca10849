import t from 'tap'
import { isOperatorKey, printable, readLine, refusalOfName } from '../../examples/chat/rules.js'
import { endGroup, exampleFile, isGroupAlive, startExample } from './run-example.js'

const CHAT = exampleFile('chat/chat.js')

t.test('the scripted evening: everyone sees the same order, and who may not is refused or kicked', async (t) => {
  const { pid, ended } = startExample(CHAT)
  const { code, stdout, stderr } = await ended
  t.equal(stderr, '')
  t.equal(code, 0, stdout)
  const screenOf = (name: string): string[] =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`[${name}] `) ? [line.slice(name.length + 3)] : []))
  const words = (name: string): string[] => screenOf(name).filter((line) => line.startsWith('bob: '))
  for (const name of ['ada', 'bob', 'eve']) t.strictSame(words(name), ['bob: one', 'bob: two', 'bob: three'], name)
  t.strictSame(screenOf('Ada'), ['refused: the name Ada is taken {"suggestion":"Ada2"}'])
  t.match(screenOf('no spaces, please'), [/^refused: a name has 1 to 16 letters/])
  t.strictSame(screenOf('mallory'), ['refused: that is not the operator key {}'])
  t.ok(screenOf('eve').includes('* only operators may kick'))
  t.equal(screenOf('eve').at(-1), '* the connection has ended (kicked: that is not how it works here)')
  t.ok(screenOf('bob').includes('* in are: ada, bob'))
  t.equal(screenOf('ada').at(-1), '* the connection has ended (server-closed: good night)')
  t.notOk(isGroupAlive(pid))
})

t.test('a server and clients of their own, driven by lines', async (t) => {
  const server = startExample(CHAT, ['server', '--port', '0', '--operator-key', 'sesame'])
  t.teardown(() => endGroup(server.pid))
  await server.shown('listening on 127.0.0.1:')
  const port = /127\.0\.0\.1:(\d+)/.exec(server.output)![1]!
  const join = (name: string, ...more: string[]) => startExample(CHAT, ['client', name, '--port', port, ...more], { hasInput: true })

  const ada = join('ada', '--operator-key', 'sesame')
  await ada.shown('* ada is in, as operator')
  const bob = join('bob')
  await ada.shown('* bob is in')
  const impostor = await join('BOB').ended
  t.equal(impostor.code, 1)
  t.equal(impostor.stderr, 'the name BOB is taken; try BOB2\n')

  bob.type('hello, \x1b[2Jada')
  await ada.shown('bob: hello,  [2Jada\n')
  ada.type('/who')
  await ada.shown('* in are: ada, bob')
  ada.type('/kick nobody')
  await ada.shown('* nobody here is called nobody')
  ada.type('/kick bob go home')
  const kicked = await bob.ended
  t.equal(kicked.code, 1)
  t.match(kicked.stdout, '* the connection has ended (kicked: go home)')

  process.kill(server.pid, 'SIGINT')
  t.equal((await server.ended).code, 0)
  await ada.shown('* the connection has ended (server-closed: the server is going down)')
  t.equal((await ada.ended).code, 1)
  for (const { pid } of [server, ada, bob]) t.notOk(isGroupAlive(pid))
})

t.test('what was said before the end of input still arrives', async (t) => {
  const server = startExample(CHAT, ['server', '--port', '0'])
  t.teardown(() => endGroup(server.pid))
  await server.shown('listening on')
  const port = /127\.0\.0\.1:(\d+)/.exec(server.output)![1]!
  const { code, stdout } = await startExample(CHAT, ['client', 'ada', '--port', port]).ended // its input is at its end
  t.equal(code, 0)
  t.match(stdout, '* the connection has ended (closed: bye)')
  await server.shown('ada has left (closed: bye)')
})

t.test('says what is wrong with a command line, and exits with 2', async (t) => {
  for (const [args, text] of [
    [['client'], 'client expected a NAME'],
    [['--port', '70000'], "--port expected an integer from 0 to 65535, got '70000'"],
  ] as const) {
    const { code, stderr } = await startExample(CHAT, args).ended
    t.equal(code, 2)
    t.equal(stderr, `${text}\nTry --help.\n`)
  }
})

t.test('names: their form, and that they are free whatever their case', async (t) => {
  t.equal(refusalOfName('ada', []), undefined)
  t.equal(refusalOfName('Žofie-2', ['ada']), undefined)
  t.strictSame(refusalOfName('ADA', ['ada', 'ada2']), { detail: 'the name ADA is taken', suggestion: 'ADA3' })
  for (const name of ['', 'a b', 'x'.repeat(17), 'a\nb', '\x1b[2J'])
    t.match(refusalOfName(name, []), { detail: /1 to 16/ }, JSON.stringify(name))
})

t.test('lines: what is said, and what is a command', async (t) => {
  t.strictSame(readLine('  hello  '), { kind: 'say', text: 'hello' })
  t.strictSame(readLine('/kick bob too  loud'), { kind: 'kick', name: 'bob', why: 'too loud' })
  t.strictSame(readLine('/kick bob'), { kind: 'kick', name: 'bob', why: '' })
  t.strictSame(readLine('/who'), { kind: 'who' })
  t.strictSame(readLine('/quit'), { kind: 'quit' })
  t.strictSame(readLine('   '), { kind: 'nothing' })
  for (const line of ['/kick', '/dance', 'ü'.repeat(201), `/kick ${'b'.repeat(65)}`, `/kick bob ${'x'.repeat(201)}`]) {
    t.match(readLine(line), { kind: 'unknown' }, line.slice(0, 20))
  }
})

t.test('keys and texts', async (t) => {
  t.ok(isOperatorKey('sesame', 'sesame'))
  t.notOk(isOperatorKey('sesamE', 'sesame'))
  t.notOk(isOperatorKey('', 'sesame'))
  t.equal(printable('a\x1b[31mb\r\nc'), 'a [31mb  c')
})
