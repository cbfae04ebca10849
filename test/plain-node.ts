// node as a user has it. tap puts its hooks into NODE_OPTIONS of every child process, whatever `env` says: loading them takes longer than most of what is run here does, and tsc cannot start with them.
const PREFIX: readonly string[] = process.platform === 'win32' ? [] : ['env', '-u', 'NODE_OPTIONS']

/** What to spawn, and with which arguments, to run a command without tap's hooks. */
export function withoutHooks(command: string, args: readonly string[] = []): [command: string, args: string[]] {
  const [first, ...rest] = [...PREFIX, command, ...args]
  return [first!, rest]
}

/** The same for node itself. */
export function plainNode(args: readonly string[]): [command: string, args: string[]] {
  return withoutHooks(process.execPath, args)
}
