// The demo in a real terminal, made by `script` of util-linux: what it shows, and that it gives the terminal back.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { exampleFile, isGroupAlive } from '../examples/run-example.js'

const DEMO = exampleFile('arena/demo.js')
const ARENA = `pty-${process.pid}`

const ENTER = '\x1b[?1049h'
const LEAVE = '\x1b[?25h\x1b[?1049l'

/** BSD's `script`, of macOS, takes other options. */
const hasScript = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')
const options = hasScript ? {} : { skip: '`script` of util-linux is not installed' }

interface Session {
  readonly ended: Promise<string>
  /** Resolves when the terminal has been sent this. */
  shown(text: string | RegExp): Promise<void>
  type(keys: string): void
  /** The process group of everything inside. */
  group(): number
}

/** Runs the demo in a terminal of 80 × 24, between two looks at the terminal's settings. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Session {
  // The shell outlives what is sent to its group.
  const line = `trap '' TERM; stty rows 24 cols 80; echo group $$; echo before $(stty -g); '${process.execPath}' '${DEMO}' ${args.join(' ')}; echo code $?; echo after $(stty -g)`
  const { NODE_OPTIONS: _, CI: _ci, NO_COLOR: _color, FORCE_COLOR: _force, NODE_DISABLE_COLORS: _disable, ...rest } = process.env
  const child = spawn('script', ['-qfec', line, '/dev/null'], { env: { ...rest, TERM: 'xterm-256color', SHELL: '/bin/sh', ...env } })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const has = (text: string | RegExp): boolean => (typeof text === 'string' ? output.includes(text) : text.test(output))
  return {
    ended: once(child, 'close').then(() => output),
    shown: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (has(text)) resolve()
        }
        child.stdout.on('data', look)
        child.on('close', () => reject(new Error(`"${text}" was not shown, but: ${output}`)))
        look()
      }),
    type: (keys) => child.stdin.write(keys),
    group: () => Number(/group (\d+)/.exec(output)?.[1]),
  }
}

function isRestored(output: string): boolean {
  const [before, after] = [/before (\S+)/.exec(output)?.[1], /after (\S+)/.exec(output)?.[1]]
  return before !== undefined && before === after && output.lastIndexOf(LEAVE) > output.lastIndexOf(ENTER)
}

// The processes mostly wait.
t.jobs = 4

t.test(
  'plays until Ctrl-C: keys steer and make the link worse; then the terminal is as it was, with the worst seconds on it',
  options,
  async (t) => {
    const session = start(['--arena', `${ARENA}-1`, '--players', '1', '--name', 'ada'])
    await session.shown('worst second')
    session.type('\x1b[C24') // right, 150 ms, 20 % loss
    await session.shown('+150 ms, 20 % loss')
    await session.shown(/bot 1/)
    session.type('\x03')
    const output = await session.ended
    t.match(output, 'code 0')
    t.ok(isRestored(output), 'settings, screen and cursor')
    const after = output.slice(output.lastIndexOf(LEAVE))
    t.match(after, /● you, predicted +17 ms/)
    t.match(after, /○ ghost, ordered +\d+ ms/)
    t.match(after, 'Open examples/arena/prediction.ts next')
    t.match(output, '\x1b[0;92m', 'in colours')
    t.notOk(isGroupAlive(session.group()), 'no process is left')
  },
)

t.test('ends at once by Ctrl-C while it still looks for an arena', options, async (t) => {
  const session = start(['--arena', `${ARENA}-2`])
  await session.shown('looking for an arena')
  session.type('\x03')
  const output = await session.ended
  t.match(output, 'code 0')
  t.ok(isRestored(output))
  t.notOk(isGroupAlive(session.group()))
})

t.test('gives the terminal back when it is told to end, and honours NO_COLOR', options, async (t) => {
  const session = start(['--arena', `${ARENA}-3`, '--players', '0'], { NO_COLOR: '1' })
  await session.shown('worst second')
  process.kill(-session.group(), 'SIGTERM')
  const output = await session.ended
  t.match(output, 'code 143')
  t.ok(isRestored(output))
  t.notMatch(output, '\x1b[0;')
  t.notOk(isGroupAlive(session.group()))
})

t.test('in a dumb terminal it writes plain lines', options, async (t) => {
  const output = await start(['--arena', `${ARENA}-4`, '--players', '0', '--seconds', '1'], { TERM: 'dumb' }).ended
  t.match(output, 'code 0')
  t.match(output, 'All counts match')
  t.notMatch(output, '\x1b[')
})
