// `tickwire bench`: the scenarios of benchmarks/, beside those peers that are installed.
import type { Command } from '../command.js'
import { runScript } from '../run-script.js'

export const bench: Command = {
  help: undefined,
  run: (args) => runScript('dist/benchmarks/bench.js', args),
}
