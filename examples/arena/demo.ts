// `npm run demo`: a match of bots over real UDP, shown as it goes, and checked at its end. Exit code 0: all counts match; 1: not, or something failed;
// 2: the command line was wrong; 130: Ctrl-C.
import { findMismatches, totalsOf } from './counts.js'
import { Interruption } from './interruption.js'
import { Match, type MatchCounts } from './match.js'
import { type DemoOptions, helpText, readOptions, UsageError } from './options.js'
import { summaryLines } from './report.js'
import { openScreen, type Screen } from './screen.js'

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2))
    if (options !== undefined) return await runMatch(options)
    console.log(helpText())
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    if (error instanceof Interruption) return error.exitCode
    if (!(error instanceof UsageError)) return 1
    console.error('See npm run demo -- --help')
    return 2
  }
}

async function runMatch(options: DemoOptions): Promise<number> {
  const match = new Match(options, Interruption.next())
  process.on('exit', () => match.kill()) // whatever ends this process
  process.stdout.on('error', () => process.exit(1)) // nobody reads on: `| head`
  console.log(`A server and ${options.players} bots are starting.`)
  let screen: Screen | undefined
  try {
    await match.open()
    screen = openScreen(process.stdout, () => match.progress)
    const counts = await match.play()
    screen.close()
    await match.leave()
    return summarize(counts)
  } finally {
    screen?.close()
    await match.close()
    process.stderr.write(match.complaints)
  }
}

function summarize({ server, players }: MatchCounts): number {
  const mismatches = findMismatches(server, players)
  for (const line of summaryLines(totalsOf(server, players), mismatches)) console.log(line)
  return mismatches.length === 0 ? 0 : 1
}
