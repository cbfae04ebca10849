// `tickwire demo`: the arena of examples/arena, in this process.
import type { Command } from '../command.js'
import { runScript } from '../run-script.js'

export const demo: Command = {
  name: 'demo',
  summary: 'a game in the terminal, with server and players on this host',
  help: '',
  takesAll: true,
  run: (args) => runScript('dist/examples/arena/demo.js', args),
}
