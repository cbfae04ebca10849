// `npm run demo`: an arena to play in, over real UDP. Exit code 0: played, and without a terminal all counts match; 1: they do not, or something failed;
// 2: the command line was wrong; 130: Ctrl-C without a terminal.
import { runCheckedMatch } from './checked-match.js'
import { Interruption } from './interruption.js'
import { helpText, readOptions, UsageError } from './options.js'
import { Party } from './party.js'
import { runTerminalGame } from './terminal-game.js'

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2))
    if (options === undefined) {
      console.log(helpText())
      return 0
    }
    return await withParty((party) => (isPlayable() ? runTerminalGame(options, party) : runCheckedMatch(options, party)))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    if (error instanceof Interruption) return error.exitCode
    if (!(error instanceof UsageError)) return 1
    console.error('See npm run demo -- --help')
    return 2
  }
}

/** Whatever comes of it, no process of the party is left. */
async function withParty(run: (party: Party) => Promise<number>): Promise<number> {
  const party = new Party(Interruption.next())
  process.on('exit', () => party.kill()) // whatever ends this process
  process.stdout.on('error', () => process.exit(1)) // nobody reads on: `| head`
  try {
    return await run(party)
  } catch (error) {
    if (error instanceof Interruption) await party.leave()
    throw error
  } finally {
    await party.close()
    process.stderr.write(party.complaints)
  }
}

/** Whether there is somebody to see the arena and to press keys. */
function isPlayable(): boolean {
  const { TERM, CI } = process.env
  return process.stdin.isTTY && process.stdout.isTTY && TERM !== 'dumb' && (CI ?? '') === ''
}
