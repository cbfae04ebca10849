import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type { ReadStream, WriteStream } from 'node:tty'
import t from 'tap'
import { openTerminal } from '../../examples/starter/src/terminal.js'

/** As much of a terminal as the game uses. */
class FakeOutput extends EventEmitter {
  readonly isTTY = true
  columns = 80
  rows = 24
  written = ''

  hasColors(): boolean {
    return false
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

function open(isTTY = true) {
  const modes: boolean[] = []
  const keys: string[] = []
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: (isRaw: boolean) => modes.push(isRaw) })
  const output = new FakeOutput()
  const streams = { stdin: input as unknown as ReadStream, stdout: output as unknown as WriteStream }
  return { modes, keys, input, output, terminal: openTerminal((name) => keys.push(name), streams) }
}

t.beforeEach((t) => {
  const { TERM } = process.env
  process.env.TERM = 'xterm'
  t.teardown(() => Object.assign(process.env, TERM === undefined ? {} : { TERM }))
})

t.test('takes keys one by one, and leaves the terminal as it was, once', async (t) => {
  const { modes, keys, input, output, terminal } = open()
  t.equal(output.take(), '\x1b[?1049h\x1b[?25l\x1b[2J')
  input.write('\x1b[A\x1b[C q\x03')
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(keys, ['up', 'right', 'space', 'q', 'ctrl-c'])
  terminal!.draw(['one', 'two'])
  t.equal(output.take(), '\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J')
  terminal!.close()
  terminal!.close()
  terminal!.draw(['late'])
  output.emit('resize')
  t.equal(output.take(), '\x1b[?25h\x1b[?1049l')
  t.strictSame(modes, [true, false])
})

t.test('leaves the terminal when the process ends without closing it', (t) => {
  const before = process.listeners('exit')
  const { modes, output, terminal } = open()
  const [added] = process.listeners('exit').filter((listener) => !before.includes(listener))
  output.take()
  added!(1)
  t.equal(output.take(), '\x1b[?25h\x1b[?1049l')
  t.strictSame(modes, [true, false])
  terminal!.close()
  t.strictSame(process.listeners('exit'), before, 'and keeps nothing')
  t.end()
})

t.test('takes no terminal where there is none, or a dumb one', (t) => {
  t.equal(open(false).terminal, undefined)
  process.env.TERM = 'dumb'
  t.equal(open().terminal, undefined)
  t.end()
})
