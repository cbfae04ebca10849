// Runs the command line: in this process, which is quick, or as a process of its own, as a script would (no terminal, and nothing of tap in its environment).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runCommandLine } from '../../bin/command-line.js'
import { type Output, Terminal } from '../../bin/terminal.js'
import { plainNode } from '../plain-node.js'

const FILE = fileURLToPath(new URL('../../bin/tickwire.js', import.meta.url))

export interface Ended {
  readonly code: number | null | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly ended: Promise<Ended>
  /** Ctrl-C. */
  interrupt(): void
  /** Resolves when standard output has shown this. */
  shown(text: string): Promise<void>
}

/** In this process. */
export function startCli(args: readonly string[]): Running {
  const stdout = new Collected()
  const stderr = new Collected()
  const terminal = new Terminal(stdout, stderr)
  const ended = runCommandLine(args, terminal).then((code) => ({ code, stdout: stdout.text, stderr: stderr.text }))
  return {
    ended,
    interrupt: () => terminal.interrupt(),
    shown: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.text.includes(text)) resolve()
        }
        stdout.onWrite = look
        ended.then(() => reject(new Error(`"${text}" was not shown, but: ${stdout.text}${stderr.text}`)), reject)
        look()
      }),
  }
}

/** In this process, to its end. */
export function runCli(args: readonly string[]): Promise<Ended> {
  return startCli(args).ended
}

export interface ProcessOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** As a process of its own, to its end. */
export async function runProcess(
  args: readonly string[],
  options: ProcessOptions & { readonly interruptAt?: string } = {},
): Promise<Ended> {
  const [node, all] = plainNode([FILE, ...args])
  const child = spawn(node, all, { env: { ...process.env, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => {}) // not every command reads it
  child.stdin.end(options.input ?? '')
  let stdout = ''
  let stderr = ''
  let isInterrupted = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (isInterrupted || options.interruptAt === undefined || !stdout.includes(options.interruptAt)) return
    isInterrupted = true // once: a second one may come when the process no longer listens
    child.kill('SIGINT')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  return { code: code as number | null, stdout, stderr }
}

/** The JSON values of an output with one a line. */
export function jsonLines(text: string): any[] {
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

class Collected implements Output {
  text = ''
  onWrite: (() => void) | undefined

  write(content: string | Uint8Array): void {
    this.text += typeof content === 'string' ? content : Buffer.from(content).toString('latin1')
    this.onWrite?.()
  }
}
