import t from 'tap'
import { RateMeter } from '../../examples/arena/rate-meter.js'
import { headline, type Progress, progressLine, type Row, summaryLines, tableLines } from '../../examples/arena/report.js'

const METRICS = {
  state: 104,
  latency: 41.26,
  jitter: 0.84,
  packetLoss: 0.051,
  outBufferBytes: 0,
  pendingAcks: 0,
  reorderQueue: 0,
  unsentMessages: 0,
  inBytes: 0,
  outBytes: 0,
  inPackets: 0,
  outPackets: 0,
  inMessages: 0,
  outMessages: 0,
  keepaliveCount: 0,
  congestionWindow: 12_000,
}
const RATES = { inMessages: 52.4, outMessages: 64, inBytes: 4431.7, outBytes: 3953 }
const OPTIONS = { players: 2, hz: 60, seconds: 10, port: 0, latency: 20, loss: 5 }

function row(name: string, achievements?: { said: number; heard: number; gems: number }): Row {
  return { name, rates: RATES, sample: { at: 0, ...METRICS, ...(achievements === undefined ? {} : { achievements }) } }
}

const PROGRESS: Progress = {
  options: OPTIONS,
  port: 9000,
  seconds: 3.2,
  isSettling: false,
  players: [row('player 1', { said: 12, heard: 24, gems: 2 }), { name: 'player 2', sample: undefined, rates: RATES }],
  server: row('server'),
}

t.test('draws a table for 80 columns', (t) => {
  t.strictSame(tableLines(PROGRESS, { columns: 80, rows: 24, hasColor: false }), [
    'tickwire arena   3 of 10 s   2 players at 60 Hz   +20 ms, 5 % loss each way',
    '',
    '              RTT  jitter   loss messages/s            bytes/s          ',
    'player         ms      ms      %         in     out         in       out',
    'player 1     41.3     0.8    5.1         52      64      4,432     3,953',
    'player 2',
    'server       41.3     0.8    5.1         52      64      4,432     3,953',
    '',
    'Loss is of the packets that this side sent, in the last 5 s.',
    'The server, at 127.0.0.1:9000, shows means and sums. Ctrl-C ends it.',
  ])
  t.end()
})

t.test('adds columns where there is room', (t) => {
  const lines = tableLines(PROGRESS, { columns: 120, rows: 40, hasColor: false })
  t.equal(lines[4], 'player 1     41.3     0.8    5.1         52      64      4,432     3,953        12      24       2')
  t.equal(lines[6], 'server       41.3     0.8    5.1         52      64      4,432     3,953         –       –       –')
  t.end()
})

t.test('never exceeds the terminal, however small', (t) => {
  for (let columns = 1; columns <= 130; columns += 3) {
    for (const rows of [1, 5, 24]) {
      const lines = tableLines(PROGRESS, { columns, rows, hasColor: false })
      t.ok(lines.length <= rows && lines.every((line) => line.length < columns), `${columns} × ${rows}`)
    }
  }
  t.end()
})

t.test('colours only what it may, and the text stays the same', (t) => {
  const colored = tableLines(PROGRESS, { columns: 80, rows: 24, hasColor: true })
  t.match(colored[4], '\x1b[33m    5.1\x1b[0m')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
  const plain = colored.map((line) => line.replaceAll(/\x1b\[\d+m/g, ''))
  t.strictSame(plain, tableLines(PROGRESS, { columns: 80, rows: 24, hasColor: false }))
  t.end()
})

t.test('tells the progress in a line', (t) => {
  const rest = '   RTT 41.3 ms   jitter 0.8 ms   loss 5.1 %   in 52 messages/s, 4,432 bytes/s   out 64 messages/s, 3,953 bytes/s'
  t.equal(progressLine(PROGRESS), `    3 s${rest}`)
  t.equal(progressLine({ ...PROGRESS, isSettling: true }), `settles${rest}`)
  t.match(
    progressLine({ ...PROGRESS, server: { name: 'server', sample: undefined, rates: RATES } }),
    'RTT 0.0 ms',
    'before the first sample',
  )
  t.end()
})

t.test('names no link where there is none', (t) => {
  const options = { ...OPTIONS, players: 1, latency: 0, loss: 0 }
  t.equal(headline({ ...PROGRESS, options }), 'tickwire arena   3 of 10 s   1 player at 60 Hz')
  t.equal(headline({ ...PROGRESS, options, isSettling: true }), 'tickwire arena   settles   1 player at 60 Hz')
  t.end()
})

t.test('sums up, with shares that are cut and not rounded', (t) => {
  const totals = [
    { what: 'inputs', sent: 4800, received: 4799 },
    { what: 'snapshots', sent: 0, received: 0 },
  ]
  const table = [
    '                             sent  received     share',
    'inputs                      4,800     4,799    99.9 %',
    'snapshots                       0         0       – %',
    '',
  ]
  t.strictSame(summaryLines(totals, []), [...table, 'All counts match: chat arrived once and in order, for every pair and direction.'])
  t.strictSame(summaryLines(totals, ['chat, a → b: 2 sent, 1 received']), [
    ...table,
    '1 count does not match:',
    '  chat, a → b: 2 sent, 1 received',
  ])
  t.match(summaryLines(totals, ['x', 'y']), [...table, '2 counts do not match:', '  x', '  y'])
  t.end()
})

t.test('rates are means over the last second', (t) => {
  const meter = new RateMeter()
  t.equal(meter.latest, undefined)
  t.equal(meter.rates.inBytes, 0)
  const add = (at: number, inBytes: number, outMessages: number): void => meter.add({ at, ...METRICS, inBytes, outMessages })
  add(0, 5000, 0)
  t.equal(meter.rates.inBytes, 0, 'one sample tells no rate')
  add(500, 5100, 10)
  t.hasStrict(meter.rates, { inBytes: 200, outMessages: 20 })
  add(1000, 5400, 20)
  t.hasStrict(meter.rates, { inBytes: 400, outMessages: 20 })
  add(1500, 5400, 50)
  t.hasStrict(meter.rates, { inBytes: 300, outMessages: 40 }, 'since the sample at 500')
  t.equal(meter.latest?.at, 1500)
  t.end()
})
