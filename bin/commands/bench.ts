// `tickwire bench`: messages a second over loopback, beside those of its peers that are installed.
import type { Command } from '../command.js'
import { runScript } from '../run-script.js'

export const bench: Command = {
  help: undefined,
  run: (args) => runScript('dist/benchmarks/bench.js', args),
}
