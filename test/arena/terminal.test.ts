// How the demo takes a terminal and gives it back, with streams in its place.
import { EventEmitter } from 'node:events'
import t from 'tap'
import { Frame } from '../../examples/arena/screen/frame.js'
import type { Key } from '../../examples/arena/screen/keys.js'
import { Terminal, type TerminalInput, type TerminalOutput } from '../../examples/arena/screen/terminal.js'

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J'
const LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l'

class FakeInput extends EventEmitter {
  isRaw = false
  isPaused = true

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw
    return this
  }

  setEncoding(): this {
    return this
  }

  resume(): this {
    this.isPaused = false
    return this
  }

  pause(): this {
    this.isPaused = true
    return this
  }
}

class FakeOutput extends EventEmitter {
  columns = 20
  rows = 4
  writableNeedDrain = false
  #written = ''

  hasColors(): boolean {
    return true
  }

  write(text: string): boolean {
    this.#written += text
    return true
  }

  /** What was written since the last call. */
  take(): string {
    const written = this.#written
    this.#written = ''
    return written
  }
}

function open() {
  const input = new FakeInput()
  const output = new FakeOutput()
  const keys: Key[] = []
  let redraws = 0
  const terminal = new Terminal({
    input: input as unknown as TerminalInput,
    output: output as unknown as TerminalOutput,
    onKey: (key) => keys.push(key),
    onRedraw: () => redraws++,
  })
  return { input, output, keys, terminal, redraws: () => redraws }
}

function frameOf(...lines: readonly string[]): Frame {
  const frame = new Frame(20, 4)
  for (const [row, line] of lines.entries()) frame.put(0, row, line, 'you')
  return frame
}

t.beforeEach((t) => {
  const { NO_COLOR } = process.env
  delete process.env.NO_COLOR
  t.teardown(() => {
    if (NO_COLOR !== undefined) process.env.NO_COLOR = NO_COLOR
  })
})

t.test('leaves a terminal as it found it, once, and keeps nothing', (t) => {
  const before = process.listenerCount('exit') + process.listenerCount('SIGTSTP')
  const { input, output, terminal } = open()
  t.equal(output.take(), ENTER)
  t.ok(input.isRaw && !input.isPaused)
  terminal.close()
  t.equal(output.take(), LEAVE)
  t.ok(!input.isRaw && input.isPaused)
  terminal.close()
  terminal.draw(frameOf('late'))
  output.emit('resize')
  t.equal(output.take(), '')
  t.equal(process.listenerCount('exit') + process.listenerCount('SIGTSTP'), before)
  t.equal(input.listenerCount('data') + output.listenerCount('resize'), 0)
  t.end()
})

t.test('leaves the terminal when the process ends without closing it', (t) => {
  const before = process.listeners('exit')
  const { input, output } = open()
  const [added] = process.listeners('exit').filter((listener) => !before.includes(listener))
  output.take()
  added!(1)
  t.equal(output.take(), LEAVE)
  t.notOk(input.isRaw)
  t.end()
})

t.test('writes only the lines that have changed', (t) => {
  const { output, terminal } = open()
  output.take()
  terminal.draw(frameOf('one', 'two'))
  const first = output.take()
  t.match(first, '\x1b[1;1H\x1b[0;92mone\x1b[0m\x1b[K')
  t.match(first, '\x1b[2;1H\x1b[0;92mtwo\x1b[0m\x1b[K')
  terminal.draw(frameOf('one', 'new'))
  const second = output.take()
  t.notMatch(second, 'one')
  t.match(second, 'new')
  terminal.draw(frameOf('one', 'new'))
  t.equal(output.take(), '', 'and nothing where none has')
  terminal.close()
  t.end()
})

t.test('leaves a frame out where the terminal does not keep up', (t) => {
  const { output, terminal } = open()
  output.take()
  output.writableNeedDrain = true
  terminal.draw(frameOf('one'))
  t.equal(output.take(), '')
  output.writableNeedDrain = false
  terminal.draw(frameOf('one'))
  t.match(output.take(), 'one')
  terminal.close()
  t.end()
})

t.test('draws everything anew when the terminal is resized', (t) => {
  const { output, terminal, redraws } = open()
  terminal.draw(frameOf('one'))
  output.take()
  output.columns = 10
  output.emit('resize')
  t.equal(redraws(), 1)
  t.strictSame(terminal.size, { columns: 10, rows: 4 })
  terminal.draw(frameOf('one'))
  const drawn = output.take()
  t.ok(drawn.startsWith('\x1b[2J') && drawn.includes('one'))
  terminal.close()
  t.end()
})

t.test('honours NO_COLOR', (t) => {
  process.env.NO_COLOR = '1'
  const { output, terminal } = open()
  output.take()
  terminal.draw(frameOf('one'))
  t.match(output.take(), '\x1b[1;1Hone\x1b[K')
  terminal.close()
  t.end()
})

t.test('hands on keys, Esc after a while, and a terminal that has gone as the wish to quit', async (t) => {
  const { input, keys, terminal } = open()
  input.emit('data', '\x1b[A2')
  t.strictSame(keys, ['up', '2'])
  input.emit('data', '\x1b')
  t.equal(keys.length, 2)
  while (keys.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(keys[2], 'quit')
  input.emit('end')
  t.equal(keys[3], 'quit')
  terminal.close()
})
