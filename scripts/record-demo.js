// `npm run record`: plays the demo, over real UDP on loopback, and makes docs/demo.svg of what its screen showed. The player is a script that runs for gems, and makes its link worse midway.
// It draws what `npm run demo` draws; only the terminal is missing.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Interruption } from '../dist/examples/arena/interruption.js'
import { readOptions } from '../dist/examples/arena/options.js'
import { Party } from '../dist/examples/arena/party.js'
import { drawPicture } from '../dist/examples/arena/screen/draw.js'
import { visitArena } from '../dist/examples/arena/visit.js'
import { svgFilm } from './record/svg-film.js'

const COLUMNS = 80
const ROWS = 24
const FRAMES_PER_SECOND = 10
const SECONDS = 12
const BOTS = 4

/** The sparklines fill before the film begins. */
const WARM_UP_SECONDS = 1.5

/** A picture that must stand in a README. */
const MAX_BYTES = 400_000

/** What is pressed when, in seconds. */
const KEYS = [
  [2.5, '2'],
  [5, '4'],
  [11, '0'],
]

/** Where nothing moves, the film shows this moment: the link is at its worst. */
const POSTER_SECONDS = 8

/** A gem this near, in units, needs no more steering on that axis. */
const NEAR = 1.5

const target = fileURLToPath(new URL('../docs/demo.svg', import.meta.url))
const party = new Party(Interruption.next())
process.on('exit', () => party.kill())
try {
  const frames = await play()
  const svg = svgFilm(frames, {
    framesPerSecond: FRAMES_PER_SECOND,
    poster: POSTER_SECONDS * FRAMES_PER_SECOND,
    title: 'The demo: a predicted dot, its ghost over ordered delivery, and a link that gets worse',
  })
  if (svg.length > MAX_BYTES) throw new Error(`docs/demo.svg expected at most ${MAX_BYTES} bytes, got ${svg.length}: record fewer frames`)
  writeFileSync(target, svg)
  console.log(`docs/demo.svg: ${frames.length} frames, ${svg.length} bytes`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof Interruption ? error.exitCode : 1
} finally {
  await party.leave()
  await party.close()
  process.stderr.write(party.complaints)
}

async function play() {
  const options = readOptions(['--players', `${BOTS}`, '--name', 'you', '--arena', `record-${process.pid}`])
  const visit = await visitArena({ ...options, botsOfHost: BOTS }, party)
  await party.botsReady()
  party.play()
  const { play, hz } = visit
  const frames = []
  // Counted in ticks: a machine that stalls makes a film that does not.
  const recorded = new Promise((resolve) => {
    let ticks = -WARM_UP_SECONDS * hz
    visit.onTick = () => {
      const before = ticks++ / hz
      for (const [at, key] of KEYS) if (before < at && ticks / hz >= at) play.press(key)
      play.press(steer(play.player))
      if (ticks < 0 || frames.length === SECONDS * FRAMES_PER_SECOND || ticks % (hz / FRAMES_PER_SECOND) !== 0) return
      const seconds = `${Math.floor(ticks / hz)}`.padStart(2, '0')
      frames.push(drawPicture(play.picture(`you host, ${BOTS} others, 0:${seconds}`), COLUMNS, ROWS))
      if (frames.length === SECONDS * FRAMES_PER_SECOND) resolve()
    }
  })
  await party.unlessEnded(recorded)
  await visit.leave()
  return frames
}

/** The key that leads to the nearest gem, along one axis and then the other. */
function steer({ spot, gems }) {
  if (spot === undefined || gems.length === 0) return 'stop'
  const [gem] = [...gems].sort((a, b) => Math.hypot(a.x - spot.x, a.y - spot.y) - Math.hypot(b.x - spot.x, b.y - spot.y))
  if (Math.abs(gem.x - spot.x) > NEAR) return gem.x > spot.x ? 'right' : 'left'
  return gem.y > spot.y ? 'down' : 'up'
}
