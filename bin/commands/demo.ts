// `tickwire demo`: the arena of examples/arena, in this process.
import type { Command } from '../command.js'
import { runScript } from '../run-script.js'

export const demo: Command = {
  help: undefined,
  run: (args) => runScript('dist/examples/arena/demo.js', args),
}
