// The demo without a terminal: a script plays, a line a second tells how it goes, and at the end every message is accounted for.
import { setTimeout as sleep } from 'node:timers/promises'
import { findMismatches, type PlayerCounts, totalsOf } from './counts.js'
import { isDue } from './game.js'
import type { DemoOptions } from './options.js'
import type { Party } from './party.js'
import { delayLines, headline, NEXT_LINES, progressLine, summaryLines } from './report.js'
import type { Key } from './screen/keys.js'
import { delaysOf, type Visit, visitArena } from './visit.js'

const BOTS = 8
const SECONDS = 10
const LINES_PER_SECOND = 4

/** At heavy loss the last line takes a while. */
const SETTLE_TIMEOUT_MS = 30_000

/** A way around that ends where it began, a turn each 0.7 s. */
const WAY: readonly Key[] = ['right', 'down', 'right', 'up', 'left', 'down', 'left', 'up']
const TURN_SECONDS = 0.7

/** Plays, prints, and resolves to the exit code: 0 where all counts match. */
export async function runCheckedMatch(options: DemoOptions, party: Party): Promise<number> {
  const { seconds = SECONDS } = options
  console.log(`Looks for an arena ${options.lan ? 'on the LAN' : 'on this machine'}.`)
  const visit = await visitArena({ ...options, botsOfHost: BOTS }, party)
  const { play, bots, hz } = visit
  await party.botsReady()
  console.log(`${options.name} ${visit.description}.`)
  console.log(headline(play.conditions, { bots, hz, seconds }))
  const script = new Script(visit)
  const lines = setInterval(() => console.log(progressLine(script.progress)), 1000)
  try {
    party.play()
    script.begin()
    const end = await party.unlessEnded(Promise.race([visit.ended, sleep(seconds * 1000, undefined, { ref: false })]))
    if (end !== undefined) console.log(end.text)
    if (end !== undefined && !end.isAnnounced) return 1
    const counts = await count(visit, party, script)
    clearInterval(lines)
    await visit.leave()
    await party.leave()
    return summarize(visit, counts)
  } finally {
    clearInterval(lines)
  }
}

/** What everyone counted, when nothing is under way any more. Rejects where the arena is lost meanwhile. */
async function count({ ended, play }: Visit, party: Party, script: Script): Promise<PlayerCounts[]> {
  const lost = ended.then(async (end): Promise<never> => {
    if (end.isAnnounced) await sleep(SETTLE_TIMEOUT_MS, undefined, { ref: false }) // it still answers for a moment
    throw new Error(`${end.text} Nothing could be counted.`)
  })
  const counted = async (): Promise<PlayerCounts[]> => {
    await Promise.all([script.rest(), party.rest()])
    const [own, others] = await Promise.all([play.player.finish(), party.count()])
    return [own, ...others]
  }
  return await party.unlessEnded(Promise.race([counted(), lost]))
}

function summarize(visit: Visit, counts: readonly PlayerCounts[]): number {
  const mismatches = findMismatches(counts)
  for (const line of summaryLines(totalsOf(counts), mismatches)) console.log(line)
  for (const line of ['', ...delayLines(delaysOf(visit)), '', ...NEXT_LINES]) console.log(line)
  return mismatches.length === 0 ? 0 : 1
}

/** Presses keys and chats in the place of a person. */
class Script {
  readonly #visit: Visit
  #beganAt: number | undefined
  #isResting = false
  #settled: (() => void) | undefined

  constructor(visit: Visit) {
    this.#visit = visit
    visit.onTick = (tick) => this.#onTick(tick)
  }

  begin(): void {
    this.#beganAt = performance.now()
  }

  /** Stops, and resolves when all that was said has been acknowledged. */
  rest(): Promise<void> {
    this.#isResting = true
    const { player } = this.#visit.play
    player.rest()
    player.say('good game')
    return new Promise((resolve) => {
      this.#settled = resolve
    })
  }

  get progress() {
    const { link, player } = this.#visit.play
    const seconds = this.#isResting || this.#beganAt === undefined ? undefined : (performance.now() - this.#beganAt) / 1000
    return { seconds, link, yourDelayMs: player.yourDelay.delayMs, ghostDelayMs: player.ghostDelay.delayMs }
  }

  #onTick(tick: number): void {
    const { play, hz, client } = this.#visit
    if (this.#settled !== undefined && client.pendingAcks === 0) this.#settled()
    if (this.#beganAt === undefined || this.#isResting) return
    const seconds = (performance.now() - this.#beganAt) / 1000
    play.press(WAY[Math.floor(seconds / TURN_SECONDS) % WAY.length]!)
    if (isDue(tick, hz, LINES_PER_SECOND)) play.player.say(`gems: ${play.player.gemsOf()}`)
  }
}
