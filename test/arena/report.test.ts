import t from 'tap'
import { afterKey, GOOD, isSet, stagesOf, textOf } from '../../examples/arena/conditions.js'
import { LinkMeter, type LinkMetrics } from '../../examples/arena/link-meter.js'
import { delayLines, headline, progressLine, summaryLines } from '../../examples/arena/report.js'

const LINK = { latency: 41.26, jitter: 0.84, loss: 0.051, bytes: 8384.7, messages: 116.4 }

t.test('tells the progress in a line', (t) => {
  const rest = '   RTT 41.3 ms   jitter 0.8 ms   loss 5.1 %   8,385 bytes/s   116 messages/s   you 17 ms   ghost 312 ms'
  const delays = { yourDelayMs: 16.7, ghostDelayMs: 311.9 }
  t.equal(progressLine({ seconds: 3.2, link: LINK, ...delays }), `    3 s${rest}`)
  t.equal(progressLine({ seconds: undefined, link: LINK, ...delays }), `settles${rest}`)
  t.match(
    progressLine({ seconds: 0, link: undefined, yourDelayMs: undefined, ghostDelayMs: undefined }),
    /RTT 0\.0 ms .* you – ms {3}ghost – ms$/,
    'before the first sample',
  )
  t.end()
})

t.test('names no link where none is made worse', (t) => {
  t.equal(headline(GOOD, { bots: 1, hz: 60, seconds: 10 }), 'tickwire arena   1 bot and you at 60 Hz for 10 s')
  const bad = { delayMs: 75, lossPercent: 20 }
  t.equal(headline(bad, { bots: 8, hz: 30, seconds: 5 }), 'tickwire arena   8 bots and you at 30 Hz for 5 s   link: +150 ms, 20 % loss')
  t.end()
})

t.test('tells the worst second of each dot, in lines that fit 80 columns', (t) => {
  const you = { worst: { second: 3, delayMs: 16.7 }, stillMs: 0, jump: 0.5 }
  const ghost = { worst: { second: 4, delayMs: 912.4 }, stillMs: 640, jump: 19.04 }
  const lines = delayLines({ you, ghost, worstCorrection: 0, longestGapMs: 17, hz: 60 })
  t.strictSame(lines, [
    'The worst second of each, from a move until it is seen:',
    '  ● you, predicted     17 ms   never jumped, never corrected',
    '  ○ ghost, ordered    912 ms   stood still for 640 ms, jumped 19.0 units',
    'In a tick of 17 ms one runs 0.50 units; the arena is 120 wide.',
  ])
  const stalled = delayLines({ you: { ...you, jump: 2 }, ghost, worstCorrection: 0.31, longestGapMs: 218, hz: 60 })
  t.match(stalled[1], 'jumped 2.0 units, corrected by up to 0.31')
  t.match(stalled[4], "held the game's loop up for 218 ms once")
  t.ok([...lines, ...stalled].every((line) => line.length < 80))
  t.match(delayLines({ you: undefined, ghost: undefined, worstCorrection: 0, longestGapMs: 0, hz: 60 }), [
    'Not long enough to tell the delays.',
  ])
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

t.test('rates are means over the last second, both ways together', (t) => {
  const meter = new LinkMeter()
  const add = (at: number, inBytes: number, outMessages: number) => {
    const metrics: LinkMetrics = { latency: 10, jitter: 1, packetLoss: 0.05, inBytes, outBytes: 0, inMessages: 0, outMessages }
    return meter.add(at, metrics)
  }
  t.strictSame(add(0, 5000, 0), { latency: 10, jitter: 1, loss: 0.05, bytes: 0, messages: 0 }, 'one sample tells no rate')
  t.hasStrict(add(500, 5100, 10), { bytes: 200, messages: 20 })
  t.hasStrict(add(1000, 5400, 20), { bytes: 400, messages: 20 })
  t.hasStrict(add(1500, 5400, 50), { bytes: 300, messages: 40 }, 'since the sample at 500')
  t.end()
})

t.test('keys make the link worse and good again', (t) => {
  const press = (...keys: string[]) => keys.reduce(afterKey, GOOD)
  t.strictSame(press('1'), { delayMs: 25, lossPercent: 0 })
  t.strictSame(press('1', '2'), { delayMs: 75, lossPercent: 0 }, 'one delay at a time')
  t.strictSame(press('2', '4'), { delayMs: 75, lossPercent: 20 })
  t.strictSame(press('2', '4', '3'), { delayMs: 75, lossPercent: 5 })
  t.strictSame(press('2', '4', '4'), { delayMs: 75, lossPercent: 0 }, 'again: off')
  t.strictSame(press('2', '4', '0'), GOOD)
  t.equal(press('up'), GOOD, 'other keys change nothing')
  t.ok(isSet(press('2', '4'), '2') && isSet(press('2', '4'), '4') && !isSet(press('2', '4'), '1') && !isSet(GOOD, '3'))
  t.equal(textOf(press('2', '3')), '+150 ms, 5 % loss', 'the delay as a round trip')
  t.equal(textOf(GOOD), '')
  t.strictSame(stagesOf(GOOD), [])
  t.equal(stagesOf(press('1', '3')).length, 2)
  t.end()
})
