// npm as a script of it starts it again: the same npm, by the same node.
import { basename } from 'node:path'

/** The command and its parameters. */
export function npmCommand(...parameters) {
  const running = process.env.npm_execpath
  if (running !== undefined && basename(running) === 'npm-cli.js') return [process.execPath, [running, ...parameters]]
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', parameters]
}
