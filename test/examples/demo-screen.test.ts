import { EventEmitter } from 'node:events'
import type { WriteStream } from 'node:tty'
import t from 'tap'
import type { Progress } from '../../examples/arena/report.js'
import { openScreen } from '../../examples/arena/screen.js'

const RATES = { inMessages: 0, outMessages: 0, inBytes: 0, outBytes: 0 }
const PROGRESS: Progress = {
  options: { players: 1, hz: 60, seconds: 10, port: 0, latency: 0, loss: 0 },
  port: 9000,
  seconds: 0,
  isSettling: false,
  players: [{ name: 'player 1', sample: undefined, rates: RATES }],
  server: { name: 'server', sample: undefined, rates: RATES },
}
const HEADLINE = 'tickwire arena   0 of 10 s   1 player at 60 Hz'

/** As much of a terminal as the screen uses. */
class FakeOutput extends EventEmitter {
  readonly isTTY: boolean
  columns = 80
  rows = 24
  written = ''

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  hasColors(): boolean {
    return true
  }

  write(text: string): void {
    this.written += text
  }

  /** What was written since the last call. */
  take(): string {
    const { written } = this
    this.written = ''
    return written
  }
}

function open(output: FakeOutput) {
  return openScreen(output as unknown as WriteStream, () => PROGRESS)
}

t.beforeEach((t) => {
  const { NO_COLOR, TERM } = process.env
  delete process.env.NO_COLOR
  process.env.TERM = 'xterm'
  t.teardown(() => Object.assign(process.env, NO_COLOR === undefined ? {} : { NO_COLOR }, TERM === undefined ? {} : { TERM }))
})

t.test('leaves a terminal as it found it, once', (t) => {
  const output = new FakeOutput(true)
  const screen = open(output)
  const drawn = output.take()
  t.ok(drawn.startsWith('\x1b[?1049h\x1b[?25l'), 'the alternate screen, no cursor')
  t.match(drawn, HEADLINE)
  screen.close()
  t.equal(output.take(), '\x1b[?25h\x1b[?1049l')
  screen.close()
  output.emit('resize')
  t.equal(output.take(), '')
  t.end()
})

t.test('leaves the terminal when the process ends without closing it', (t) => {
  const output = new FakeOutput(true)
  const before = process.listeners('exit')
  const screen = open(output)
  const [added] = process.listeners('exit').filter((listener) => !before.includes(listener))
  output.take()
  added!(1)
  t.equal(output.take(), '\x1b[?25h\x1b[?1049l')
  screen.close()
  t.strictSame(process.listeners('exit'), before, 'and keeps nothing')
  t.end()
})

t.test('draws anew, in place, when the terminal is resized', (t) => {
  const output = new FakeOutput(true)
  const screen = open(output)
  output.take()
  output.columns = 20
  output.rows = 3
  output.emit('resize')
  const drawn = output.take()
  t.ok(drawn.startsWith('\x1b[H'))
  t.ok(drawn.endsWith('\x1b[J'))
  t.equal(drawn.split('\r\n').length, 3)
  t.match(drawn, 'tickwire arena   0 \x1b')
  t.notMatch(drawn, 'tickwire arena   0 o')
  screen.close()
  t.end()
})

t.test('honours NO_COLOR', (t) => {
  const colored = new FakeOutput(true)
  open(colored).close()
  t.match(colored.take(), '\x1b[1m')
  process.env.NO_COLOR = '1'
  const plain = new FakeOutput(true)
  open(plain).close()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
  t.notMatch(plain.take(), /\x1b\[\d*m/)
  t.end()
})

t.test('writes plain lines where there is no terminal, or a dumb one', (t) => {
  const file = new FakeOutput(false)
  open(file).close()
  t.equal(file.take(), `${HEADLINE}\n`)
  process.env.TERM = 'dumb'
  const dumb = new FakeOutput(true)
  open(dumb).close()
  t.equal(dumb.take(), `${HEADLINE}\n`)
  t.end()
})
