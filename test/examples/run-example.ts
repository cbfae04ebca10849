// Runs a compiled example in a process of its own, as a reader would: its output is no terminal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { plainNode } from '../plain-node.js'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningExample {
  readonly pid: number
  readonly ended: Promise<Ended>
  /** Resolves when standard output has shown this text. */
  shown(text: string): Promise<void>
  /** All that standard output has shown so far. */
  readonly output: string
  /** Types a line into its standard input, where that was asked for. */
  type(line: string): void
}

export interface StartOptions {
  /** Whether `type` is used. Without, standard input is at its end. */
  readonly hasInput?: boolean
}

/** The path of a compiled example, such as `echo/echo.js`. */
export function exampleFile(name: string): string {
  return fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
}

/** Starts it as the leader of a process group, so that what it leaves behind can be found. */
export function startExample(file: string, args: readonly string[] = [], { hasInput = false }: StartOptions = {}): RunningExample {
  const [node, all] = plainNode([file, ...args])
  const child = spawn(node, all, { detached: true, stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
  if (child.stdout === null || child.stderr === null) throw new Error('both are pipes')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  return {
    pid: child.pid!,
    ended,
    get output() {
      return stdout
    },
    type: (line) => child.stdin?.write(`${line}\n`),
    shown: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text)) resolve()
        }
        child.stdout?.on('data', look)
        child.on('close', () => reject(new Error(`"${text}" was not shown, but: ${stdout}${stderr}`)))
        look()
      }),
  }
}

/** Whether any process of this group is left. */
export function isGroupAlive(leaderPid: number): boolean {
  try {
    process.kill(-leaderPid, 0)
    return true
  } catch {
    return false
  }
}

/** Ends what may be left of this group. */
export function endGroup(leaderPid: number): void {
  if (isGroupAlive(leaderPid)) process.kill(-leaderPid, 'SIGKILL')
}
