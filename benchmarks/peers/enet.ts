// ENet, in C and without encryption: enet-bench.c, compiled when it is first needed and run as a process of its own.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchmarkPeer, BenchmarkResult } from './peer.js'

/** Beside this file when it runs as TypeScript, and in the project when tsc has put it into an output folder. */
const SOURCES = ['./enet-bench.c', '../../../benchmarks/peers/enet-bench.c']

const HOW_TO_GET = 'install a C compiler and ENet: apt-get install gcc libenet-dev, or brew install enet'

/** Time for the process to connect and to end, beyond the deadline of the run. */
const GRACE_MS = 10_000

export const enet: BenchmarkPeer = {
  name: 'ENet (C)',
  unavailable() {
    try {
      compile()
      return undefined
    } catch (error) {
      const firstLine = String((error as { stderr?: unknown }).stderr ?? (error as Error).message).split('\n')[0]
      return `enet-bench.c does not compile (${firstLine}); ${HOW_TO_GET}`
    }
  },
  async run({ bytes, delivery, count, deadlineMs }) {
    const mode = delivery === 'ordered' ? 'reliable' : 'unreliable'
    const { stdout } = await promisify(execFile)(compile(), [mode, String(bytes), String(count), String(deadlineMs)], {
      timeout: deadlineMs + GRACE_MS,
    })
    const result = JSON.parse(stdout) as BenchmarkResult & { error?: string }
    if (result.error !== undefined) throw new Error(`enet-bench: ${result.error}`)
    return result
  },
}

let compiled: string | undefined

/** The path of the program, compiled once per process, in a folder of its own that goes with the process. Throws with what the compiler said. */
function compile(): string {
  if (compiled !== undefined) return compiled
  const source = SOURCES.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path))
  if (source === undefined) throw new Error('enet-bench.c was not found')
  const folder = mkdtempSync(join(tmpdir(), 'tickwire-enet-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const program = join(folder, 'enet-bench')
  execFileSync('cc', ['-O2', '-Wall', '-o', program, source, '-lenet'], { stdio: 'pipe', encoding: 'utf8' })
  compiled = program
  return program
}
