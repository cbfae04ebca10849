// The demo in a terminal: takes it, plays until somebody quits, gives it back, and says what came of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { DemoOptions } from './options.js'
import type { Party } from './party.js'
import { delayLines, NEXT_LINES } from './report.js'
import { drawPicture } from './screen/draw.js'
import type { Key } from './screen/keys.js'
import type { Picture } from './screen/picture.js'
import { Terminal } from './screen/terminal.js'
import { delaysOf, type Visit, visitArena } from './visit.js'

const BOTS = 4
const FRAMES_PER_SECOND = 30

const NOTHING_YET: Omit<Picture, 'conditions'> = {
  status: '',
  notice: 'looking for an arena …',
  you: undefined,
  ghost: undefined,
  others: [],
  gems: [],
  yourDelay: { worstMs: undefined, history: [] },
  ghostDelay: { worstMs: undefined, history: [] },
  players: [],
  chat: '',
}

/** Plays, and resolves to the exit code. */
export async function runTerminalGame(options: DemoOptions, party: Party): Promise<number> {
  let visit: Visit | undefined
  let quit: () => void = () => {}
  const hasQuit = new Promise<undefined>((resolve) => {
    quit = () => resolve(undefined)
  })
  let beganAt = performance.now()
  const picture = (): Picture => {
    if (visit === undefined) return { ...NOTHING_YET, conditions: { delayMs: options.latency, lossPercent: options.loss } }
    return visit.play.picture(statusOf(visit, (performance.now() - beganAt) / 1000))
  }
  const draw = (): void => {
    const { columns, rows } = terminal.size
    terminal.draw(drawPicture(picture(), columns, rows))
  }
  const onKey = (key: Key): void => (key === 'quit' ? quit() : visit?.play.press(key))
  const terminal = new Terminal({ input: process.stdin, output: process.stdout, onKey, onRedraw: draw })
  const frames = setInterval(draw, 1000 / FRAMES_PER_SECOND)
  try {
    draw()
    const entered = await party.unlessEnded(Promise.race([visitArena({ ...options, botsOfHost: BOTS }, party), hasQuit]))
    if (entered === undefined) return 0
    visit = entered
    beganAt = performance.now()
    void party.botsReady().then(
      () => party.play(),
      () => {}, // `unlessEnded` tells
    )
    const timeUp = options.seconds === undefined ? [] : [sleep(options.seconds * 1000, undefined, { ref: false })]
    const end = await party.unlessEnded(Promise.race([entered.ended, hasQuit, ...timeUp]))
    terminal.close()
    if (end !== undefined) console.log(end.text)
    sumUp(entered, (performance.now() - beganAt) / 1000)
    await entered.leave()
    return 0
  } finally {
    clearInterval(frames)
    terminal.close()
    await party.leave()
  }
}

function statusOf({ isHost, play }: Visit, seconds: number): string {
  const others = Math.max(0, play.player.links.length - 1)
  const time = `${Math.floor(seconds / 60)}:${`${Math.floor(seconds % 60)}`.padStart(2, '0')}`
  return `${isHost ? 'you host' : 'joined'}, ${others} ${others === 1 ? 'other' : 'others'}, ${time}`
}

function sumUp(visit: Visit, seconds: number): void {
  const gems = visit.play.player.gemsOf()
  console.log(`tickwire arena: ${seconds.toFixed(0)} s, ${gems} ${gems === 1 ? 'gem' : 'gems'}.`)
  for (const line of [...delayLines(delaysOf(visit)), '', ...NEXT_LINES]) console.log(line)
}
