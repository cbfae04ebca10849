// Compiles a C program of this folder when it is first needed.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Beside this file when it runs as TypeScript, and in the project when tsc has put it into an output folder. */
const FOLDERS = ['./', '../../../benchmarks/peers/']

const HOW_TO_GET = 'install a C compiler and ENet: apt-get install gcc libenet-dev, or brew install enet'

const compiled = new Map<string, string>()
let folder: string | undefined

/** The path of the program `name`.c, compiled once per process, in a folder of its own that goes with the process. Throws with what the compiler said. */
export function compile(name: string): string {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const source = FOLDERS.map((path) => fileURLToPath(new URL(`${path}${name}.c`, import.meta.url))).find((path) => existsSync(path))
  if (source === undefined) throw new Error(`${name}.c was not found`)
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'tickwire-bench-'))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  const program = join(folder, name)
  execFileSync('cc', ['-O2', '-Wall', '-o', program, source, ...(name.startsWith('enet') ? ['-lenet'] : [])], {
    stdio: 'pipe',
    encoding: 'utf8',
  })
  compiled.set(name, program)
  return program
}

/** Why the program does not compile here; undefined where it does. */
export function whyNotCompiled(name: string): string | undefined {
  try {
    compile(name)
    return undefined
  } catch (error) {
    const firstLine = String((error as { stderr?: unknown }).stderr || (error as Error).message).split('\n')[0]
    return `${name}.c does not compile (${firstLine}); ${HOW_TO_GET}`
  }
}
