// `frame-loop.js`: a client with frames of varying length, as a browser window has them, and one of 300 ms. Its server is a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client } from 'tickwire'
import { readCommandLine } from '../command-line.js'
import { createFrame, type FrameReport } from './frame.js'
import { GAME, Input, messages, Shot, State } from './messages.js'

const { options } = readCommandLine('node dist/examples/frame-loop/frame-loop.js [options]', {
  frames: { type: 'integer', default: 160, min: 40, max: 10_000, text: 'how many frames' },
  'long-frame': { type: 'number', default: 300, min: 0, max: 5000, text: 'ms that one of them takes' },
})
const LONG_FRAME = Math.floor(options.frames / 4)
const FRAMES_PER_SHOT = 5

const serverProcess = fork(fileURLToPath(new URL('./server-process.js', import.meta.url)))
const [{ port }] = (await once(serverProcess, 'message')) as [{ port: number }]

const client = new Client({ messages, game: GAME })
let received = 0
let latest = { shots: 0, delayFlushed: 0, delayUnflushed: 0 }
client.onMessage(State, (state) => {
  received++
  latest = state
})
let hasEnded = false
client.on('OnDisconnect', () => {
  hasEnded = true
})
await client.connect({ host: '127.0.0.1', port, name: 'window' })

let frameCount = 0
let shots = 0
const isFlushed = (): boolean => frameCount % 2 === 0 // every other frame, to compare
const frame = createFrame(client, {
  step: () => {}, // a game would move here
  sendInput: () => {
    client.send(Input, { at: client.serverNow(), isFlushed: isFlushed() })
    if (frameCount % FRAMES_PER_SHOT === 0) client.send(Shot, { number: ++shots })
  },
  draw: () => block(frameCount === LONG_FRAME ? options['long-frame'] : (frameCount * 7) % 12),
})

console.log('frame    at ms   since last   steps   messages   latency')
for (;;) {
  const now = await requestFrame()
  if (frameCount >= options.frames || hasEnded) break
  const before = received
  const report = frame(now, { flush: isFlushed() })
  if (Math.abs(frameCount - LONG_FRAME - 1) <= 3) print(report, received - before)
  frameCount++
}
for (const end = performance.now() + 2000; latest.shots < shots && !hasEnded && performance.now() < end; ) {
  await requestFrame()
  client.update()
}

console.log('')
console.log(
  `${frameCount} frames, one of ${options['long-frame']} ms: the connection ${hasEnded ? 'has ended' : 'lives'}, and ${latest.shots} of ${shots} shots arrived, in order.`,
)
console.log(
  `An input reached the server after ${latest.delayFlushed.toFixed(1)} ms where flush() followed, and after ${latest.delayUnflushed.toFixed(1)} ms where it waited for the next update().`,
)
const ok = !hasEnded && latest.shots === shots
await client.close('the window is closed')
serverProcess.disconnect()
await once(serverProcess, 'exit')
process.exitCode = ok ? 0 : 1

function print({ at, elapsedMs, steps }: FrameReport, messageCount: number): void {
  const columns = [frameCount, at.toFixed(0), elapsedMs.toFixed(0), steps, messageCount, `${client.latency.toFixed(1)} ms`]
  const widths = [5, 8, 12, 7, 10, 9]
  const mark = frameCount === LONG_FRAME ? `   draws for ${options['long-frame']} ms` : ''
  console.log(columns.map((value, i) => String(value).padStart(widths[i]!)).join(' ') + mark)
}

/** As requestAnimationFrame: resolves when the next frame is due, at 60 a second. */
function requestFrame(): Promise<number> {
  return new Promise((resolve) => setTimeout(() => resolve(performance.now()), 1000 / 60))
}

/** Does nothing else for so long, as a slow drawing. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}
