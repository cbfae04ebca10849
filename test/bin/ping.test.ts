// `tickwire ping`, against servers of this process. Loopback only.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Client, createConnectToken } from '../../lib/index.js'
import { gameMessages, startServer } from './game-server.js'
import { jsonLines, runCli, runProcess } from './run-cli.js'

const FIXTURE = new URL('./game-server.js', import.meta.url).href
const QUICK = ['--game', 'cli test', '--count', '2', '--interval', '100']

/** Silence is looked for this long. */
const SHORT = ['--timeout', '400']

/** A messages module, as a game has one, whose texts have at most so many bytes. */
function moduleOf(texts: number): string {
  return `import { gameMessages } from ${JSON.stringify(FIXTURE)}\nexport const messages = gameMessages(${texts})\n`
}

function summaryOf(stdout: string): any {
  return jsonLines(stdout).at(-1)
}

t.test('a server that is there: the handshake, each round trip, the figures, and that it takes players', async (t) => {
  const { server, address } = await startServer(t)
  let peers = 0
  server.on('OnConnect', () => peers++)
  const [human, json] = await Promise.all([runProcess(['ping', address, ...QUICK]), runCli(['ping', address, ...QUICK, '--json'])])
  t.equal(human.code, 0)
  t.match(human.stdout, /^127\.0\.0\.1:\d+: netcode answered after [\d.]+ ms, session after [\d.]+ ms/)
  t.match(
    human.stdout,
    /\nping 1 +[\d.]+ ms .*\nping 2 +[\d.]+ ms .*\n2 pings, 2 answered, 0 % lost\nround trip in ms: min .* jitter [\d.]+\n/,
  )
  t.match(human.stdout, /takes players/)
  const [session, first, second, summary] = jsonLines(json.stdout)
  t.match(session, { type: 'session', address, answeredMs: Number, connectedMs: Number })
  t.ok(session.connectedMs >= session.answeredMs)
  t.match(
    [first, second],
    [
      { type: 'ping', number: 1, rttMs: Number },
      { type: 'ping', number: 2, rttMs: Number },
    ],
  )
  t.match(summary, { type: 'summary', outcome: 'open', sent: 2, answered: 2, lost: 0 })
  t.equal(summary.minMs, Math.min(first.rttMs, second.rttMs))
  t.equal(peers, 0, 'nobody joined')
})

t.test('with its messages it joins for a moment; with others it hears which one differs', async (t) => {
  const { server, address } = await startServer(t)
  const folder = t.testdir({ 'same.mjs': moduleOf(100), 'other.mjs': moduleOf(200), 'none.mjs': 'export const a = 1\n' })
  const heard: string[] = []
  server.on('OnConnect', ({ peer }) => heard.push(`in: ${peer.name}`))
  server.on('OnDisconnect', ({ reason }) => heard.push(`out: ${reason}`))
  const [same, other, none] = await Promise.all(
    ['same', 'other', 'none'].map((name) => runCli(['ping', address, ...QUICK, '--messages', join(folder, `${name}.mjs`)])),
  )
  t.match(same, { code: 0, stdout: /let this client in/ })
  t.match(other, { code: 1, stdout: /Mismatched client: the first message that differs is Chat.*same version of the messages module/s })
  t.match(none, { code: 2, stderr: /exports a MessageFactory, got .*none\.mjs, which exports a/ })
  t.strictSame(heard, ['in: tickwire ping', 'out: closed'])
})

t.test('a server that is full, or takes nobody, says so to a ping that knows none of its messages', async (t) => {
  const full = await startServer(t, { maxPeers: 1 })
  const closed = await startServer(t)
  closed.server.acceptNewConnections = false
  const player = new Client({ messages: gameMessages(), game: 'cli test' })
  const mismatched = new Client({ messages: gameMessages(7), game: 'cli test' })
  t.teardown(() => Promise.all([player.close(), mismatched.close()]))
  await player.connect({ host: '127.0.0.1', port: full.port })
  player.run({ hz: 30 })
  const [first, second] = await Promise.all([
    runCli(['ping', full.address, ...QUICK, '--json']),
    runCli(['ping', closed.address, ...QUICK]),
  ])
  t.equal(first.code, 1)
  t.match(summaryOf(first.stdout), { outcome: 'full', sent: 2, detail: /1 of 1 places are taken/, advice: [/maxPeers/] })
  t.match(second, { code: 1, stdout: /The server takes nobody at present: .*acceptNewConnections/s })
  // A player hears of definitions first: waiting for room would not help.
  const refusal: unknown = await mismatched.connect({ host: '127.0.0.1', port: full.port }).catch((error: unknown) => error)
  t.match(refusal, { reason: 'definitions' })
})

t.test('wrong host, dead port and silence are told apart, each with what to do', async (t) => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1')
  t.teardown(() => silent.close())
  await once(silent, 'listening')
  const dead = createSocket('udp4').bind(0, '127.0.0.1')
  await once(dead, 'listening')
  const deadPort = dead.address().port
  dead.close()
  await once(dead, 'close')
  const [unresolved, refused, nothing] = await Promise.all([
    runCli(['ping', 'no-such-host.invalid:9000']),
    runCli(['ping', `127.0.0.1:${deadPort}`]),
    runCli(['ping', `127.0.0.1:${silent.address().port}`, ...SHORT, '--json']),
  ])
  t.match(unresolved, { code: 1, stdout: /^Wrong host: .*no-such-host\.invalid:9000.*spelling/s })
  t.match(refused, { code: 1, stdout: /^Dead port: .*Is the server running/s })
  t.equal(nothing.code, 1)
  t.match(summaryOf(nothing.stdout), { outcome: 'silent', sent: 0, minMs: null, text: /within 400 ms/ })
  t.match(summaryOf(nothing.stdout).advice.join('\n'), /"tickwire".*--token.*firewall/s)
})

t.test('a silent server that can be found is asked what it is: another game, or token mode', async (t) => {
  const other = await startServer(t)
  const sealed = await startServer(t, { privateKey })
  await other.server.advertise({ name: 'other' })
  await sealed.server.advertise({ name: 'sealed' })
  const [game, mode] = await Promise.all([
    runCli(['ping', other.address, '--game', 'chess', ...SHORT]),
    runCli(['ping', sealed.address, '--game', 'cli test', ...SHORT]),
  ])
  t.match(game, { code: 1, stdout: /^Silence: .*Wrong game: .*"cli test".*"chess" was asked for/s })
  t.match(mode, { code: 1, stdout: /^Silence: .*The server is in token mode/s })
})

const privateKey = Uint8Array.from({ length: 32 }, (_, i) => i + 1)

t.test('in token mode a token opens the session, once', async (t) => {
  const { address } = await startServer(t, { privateKey })
  const folder = t.testdir()
  let count = 0
  const mint = (more: Partial<Parameters<typeof createConnectToken>[0]> = {}): string =>
    Buffer.from(createConnectToken({ game: 'cli test', privateKey, addresses: ['127.0.0.1:1', address], clientId: 1n, ...more })).toString(
      'base64',
    )
  const token = mint()
  const ping = (text: string, ...args: string[]) => {
    const file = join(folder, `token ${count++}`)
    writeFileSync(file, text)
    return runCli(['ping', '--token', file, ...args])
  }
  const [named, missing, otherGame] = await Promise.all([
    ping(token, address, '--count', '1'),
    ping(mint(), '127.0.0.1:2'),
    ping(mint(), '--game', 'chess'),
  ])
  t.match(named, { code: 0, stdout: /1 ping, .*takes players/s }, 'also where it is not the first server of the token')
  t.match(missing, { code: 2, stderr: /the token is for 127\.0\.0\.1:1, 127\.0\.0\.1:\d+, not for 127\.0\.0\.1:2/ })
  t.match(otherGame, { code: 2, stderr: /not for the game "chess"/ })
  const [again, forged, noToken] = await Promise.all([
    ping(token, address, ...SHORT),
    ping(mint({ privateKey: new Uint8Array(32) }), address, ...SHORT),
    ping('no token', address),
  ])
  t.match(again, { code: 1, stdout: /never used before/ })
  t.match(forged, { code: 1, stdout: /^Silence: .*privateKey/s })
  t.match(noToken, { code: 2, stderr: /expected the 2048 bytes/ })
})

t.test('an expired token is not even tried', async (t) => {
  const addresses = ['127.0.0.1:9']
  const token = createConnectToken({ game: 'g', privateKey, addresses, clientId: 1n, expiresInSeconds: 1 })
  new DataView(token.buffer).setBigUint64(21, 1_600_000_000n, true) // created and …
  new DataView(token.buffer).setBigUint64(29, 1_600_000_030n, true) // … expired in 2020
  const folder = t.testdir({ token: Buffer.from(token).toString('base64') })
  t.match(await runCli(['ping', '--token', join(folder, 'token')]), { code: 1, stdout: /has expired.*token mint/s })
})

t.test('a handler that refuses is quoted', async (t) => {
  const { server, address } = await startServer(t)
  server.on('OnConnectRequest', (request) => request.reject('no account\x1b[2J'))
  const folder = t.testdir({ 'messages.mjs': moduleOf(100) })
  const ended = await runCli(['ping', address, ...QUICK, '--messages', join(folder, 'messages.mjs')])
  t.match(ended, { code: 1, stdout: /own check refused this client: no account�\[2J/ })
})

t.test('Ctrl-C ends it with what was measured, and 130', async (t) => {
  const { address } = await startServer(t)
  const args = ['ping', address, '--game', 'cli test', '--count', '0', '--interval', '100']
  const { code, stdout } = await runProcess(args, { interruptAt: 'ping 2' })
  t.equal(code, 130)
  t.match(stdout, /\d+ pings, \d+ answered.*Interrupted/s)
})
