// `tickwire bench`: messages a second over loopback, beside those of its peers that are installed.
import type { Command } from '../command.js'
import { runScript } from '../run-script.js'

export const bench: Command = {
  name: 'bench',
  summary: 'messages a second over loopback, beside other libraries that are installed',
  help: '',
  takesAll: true,
  run: (args) => runScript('dist/benchmarks/bench.js', args),
}
