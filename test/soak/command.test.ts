// The command: what it takes, what it prints, and that Ctrl-C ends it with what was done so far.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readOptions, UsageError } from '../../soak/options.js'

const COMMAND = fileURLToPath(new URL('../../soak/soak.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs the command; `onOutput` sees all that it has printed so far. */
function run(args: readonly string[], onOutput?: (output: string, interrupt: () => void) => void): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const read = (text: Buffer): void => {
      output += text
      onOutput?.(output, () => child.kill('SIGINT'))
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

t.test('reads its options', async (t) => {
  t.match(readOptions(['--seed', '7', '--runs', '3', '--minutes', '0.5', '--workers', '2']), { seed: 7, runs: 3, minutes: 0.5, workers: 2 })
  t.match(readOptions(['--trace', '--seed', '9']), { isTrace: true, runs: 1, seed: 9 })
  t.equal(readOptions(['--help']), undefined)
})

t.test('says what is wrong with an option', async (t) => {
  for (const [args, text] of [
    [['--runs', '0'], /--runs expected an integer from 1/],
    [['--seed', 'x'], /--seed expected an integer/],
    [['--minutes', '0'], /--minutes expected a number above 0/],
    [['--scenario', 'easy'], /--scenario expected random, hard-link or sessions, got 'easy'/],
    [['--trace', '--runs', '2'], /--trace expected --runs 1/],
    [['--fast'], /--fast/],
  ] as const)
    t.throws(() => readOptions(args), { name: UsageError.prototype.name, message: text })
})

t.test('--help says what there is', async (t) => {
  const { code, output } = await run(['--help'])
  t.equal(code, 0)
  for (const option of ['--seed', '--runs', '--minutes', '--workers', '--twice', '--trace', '--scenario']) t.match(output, option)
})

t.test('a wrong option ends it with code 2 and the help', async (t) => {
  const { code, output } = await run(['--runs', 'many'])
  t.equal(code, 2)
  t.match(output, '--minutes M')
})

t.test('runs seeds, twice where asked, and prints a table', async (t) => {
  const { code, output } = await run(['--seed', '11', '--runs', '2', '--workers', '1', '--twice'])
  t.equal(code, 0, output)
  t.match(output, /seeds run +2/)
  t.match(output, /with the same hash +2/)
  t.match(output, /broken invariants +0/)
})

t.test('traces one seed, datagram by datagram', async (t) => {
  const { code, output } = await run(['--seed', '11', '--trace'])
  t.equal(code, 0)
  t.match(output, /▸ listen/)
  t.match(output, /sent 10\.0\.\d+\.\d+:\d+ > 10\.0\.1\.1:9000, type 0, 1078 bytes/)
  t.match(output, /seed 11: hash [0-9a-f]{16}/)
})

t.test('Ctrl-C prints what was done so far', async (t) => {
  let isInterrupted = false
  const { code, output } = await run(['--runs', '1000000', '--workers', '2'], (soFar, interrupt) => {
    if (isInterrupted || !soFar.includes('Ctrl-C ends it')) return
    isInterrupted = true
    interrupt()
  })
  t.equal(code, 0)
  t.match(output, /broken invariants +0/)
  t.match(output, /Ended after \d+ of 1000000 seeds/)
})
