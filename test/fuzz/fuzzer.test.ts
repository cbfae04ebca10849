// The fuzzer itself: it finds a bug that only coverage leads to, makes it small, says how to repeat it, and fails.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const COMMAND = fileURLToPath(new URL('../../fuzz/fuzz.js', import.meta.url))
const LIMIT_MS = 60_000

interface Ended {
  readonly code: number | null
  readonly out: string
}

function fuzz(
  parameters: readonly string[],
  onOutput: (out: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      env: cleanEnv(),
    })
    let out = ''
    const take = (data: Buffer): void => {
      out += data.toString()
      onOutput(out, (signal) => child.kill(signal))
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out }))
  })
}

/** Without what tap gives its children: its hooks would run in the command too. */
function cleanEnv(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env
  return env
}

t.test('finds a planted bug behind three bytes, makes it small and says how to repeat it', async (t) => {
  const folder = t.testdir({ corpus: {}, crashes: {} })
  const places = ['--corpus', join(folder, 'corpus'), '--crashes', join(folder, 'crashes')]
  const { code, out } = await fuzz(['--target', 'planted', '--runs', '400000', '--seed', '1', ...places])
  t.equal(code, 1, out)
  t.match(out, 'the planted bug')
  const [name] = readdirSync(join(folder, 'crashes'))
  t.match(out, `--repeat`)
  t.match(out, name!)
  t.strictSame([...readFileSync(join(folder, 'crashes', name!))], [0x54, 0x57, 0x6c], 'three bytes are left of it')

  const repeated = await fuzz(['--target', 'planted', '--repeat', join(folder, 'crashes', name!)])
  t.equal(repeated.code, 1)
  t.match(repeated.out, 'the planted bug')
})

t.test('the same seed gives the same inputs', async (t) => {
  const folder = t.testdir({ corpus: {} })
  const rows: string[] = []
  for (let i = 0; i < 2; i++) {
    const { code, out } = await fuzz(['--target', 'wire', '--runs', '6000', '--seed', '5', '--corpus', join(folder, 'corpus')])
    t.equal(code, 0, out)
    const cells = out
      .split('\n')
      .find((line) => /^wire +6,000 /.test(line) && !line.includes('inputs'))
      ?.split(/ {2,}/)
    rows.push([cells?.[1], cells?.[3], cells?.[4]].join(' '))
  }
  t.match(rows[0], /^6,000 \d+ \d+$/)
  t.equal(rows[0], rows[1], 'inputs, corpus and branches')
})

t.test('an interrupt prints the table so far, with workers too', async (t) => {
  let isTold = false
  const { code, out } = await fuzz(['--target', 'tokens', '--seconds', '50', '--workers', '2'], (text, kill) => {
    if (isTold || (!text.includes('inputs/s') && !/\d\/s/.test(text))) return
    isTold = true
    kill('SIGINT')
  })
  t.equal(code, 130, out)
  t.match(out, 'stopped early')
  t.match(out, /^tokens +[\d,]+ /m)
})

t.test('wrong parameters are refused with the help', async (t) => {
  for (const parameters of [['--seconds', 'x'], ['--runs', '0'], ['--workers', '1.5'], ['--unknown']]) {
    const { code, out } = await fuzz(parameters)
    t.equal(code, 2)
    t.match(out, 'npm run fuzz')
  }
  const { code, out } = await fuzz(['--target', 'nothing'])
  t.equal(code, 2)
  t.match(out, /--target expected one of wire, /)
  const help = await fuzz(['--help'])
  t.equal(help.code, 0)
  t.match(help.out, /netcode-server +datagrams/)
})
