// Runs a script of the package as if node had been given it: its arguments, its exit code, its own way with Ctrl-C.
import { pathToFileURL } from 'node:url'
import { ownFile } from './own-package.js'

/** Resolves when the script's top level has run; it may go on after that. It sets the exit code itself. */
export async function runScript(path: string, args: readonly string[]): Promise<undefined> {
  const file = ownFile(path)
  process.argv.splice(1, process.argv.length, file, ...args)
  await import(pathToFileURL(file).href)
}
