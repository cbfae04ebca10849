// Runs what a user types, in a process group of its own, as a terminal does: Ctrl-C reaches all of it, and what it leaves behind can be found.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname } from 'node:path'
import { withoutHooks } from '../plain-node.js'

export interface CommandEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCommand {
  readonly pid: number
  readonly ended: Promise<CommandEnd>
  /** Resolves with the match when standard output matches; rejects when the command ends before. */
  shown(pattern: RegExp): Promise<RegExpExecArray>
  /** Signals the whole group, as a terminal does. Harmless when it has ended. */
  signal(name: NodeJS.Signals): void
}

/** `command` is a line without quotes, such as `npm run server`. */
export function startCommand(command: string, cwd: string, extra: Readonly<Record<string, string>> = {}): RunningCommand {
  const [first, ...rest] = command.split(' ')
  const child = spawn(...withoutHooks(first!, rest), {
    cwd,
    env: { ...userEnvironment(), ...extra },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  let hasEnded = false
  const ended = once(child, 'close').then(([code]) => {
    hasEnded = true
    return { code: code as number | null, stdout, stderr }
  })
  return {
    pid: child.pid!,
    ended,
    shown: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout)
          if (match !== null) resolve(match)
        }
        child.stdout.on('data', look)
        child.on('close', () => reject(new Error(`${command}: ${pattern} was not shown, but: ${stdout}${stderr}`)))
        look()
      }),
    signal: (name) => {
      if (!hasEnded) process.kill(-child.pid!, name)
    },
  }
}

/** Without what npm and tap have told this process; `node` is this node. */
function userEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([key]) => !/^(npm_|INIT_CWD|TAP)/.test(key))
  return { ...Object.fromEntries(entries), PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) }
}
