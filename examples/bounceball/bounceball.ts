// `bounceball.js`: three players and a server in one process, over real UDP and a link that is made bad. Players add and kick balls; the last player comes late.
import { setTimeout as sleep } from 'node:timers/promises'
import { delay, loss } from 'tickwire/simulator'
import { readCommandLine } from '../command-line.js'
import { BallClient } from './client.js'
import { ballAt } from './physics.js'
import { beside, pictureOf } from './picture.js'
import { openBallServer } from './server.js'

const { options } = readCommandLine('node dist/examples/bounceball/bounceball.js [options]', {
  seconds: { type: 'number', default: 4, min: 2, max: 600, text: 'seconds of play' },
  latency: { type: 'number', default: 100, min: 0, max: 1000, text: 'milliseconds there and back that the link adds' },
  loss: { type: 'number', default: 5, min: 0, max: 30, text: 'percent of datagrams that it loses, each way' },
})

const BALLS = 6
/** The last player comes so long before the end; from then on nobody kicks. */
const REST_MS = 1200
/** The last word on each ball arrives within that, even at heavy loss. */
const SETTLE_MS = 10_000

const { server, balls } = await openBallServer()
const conditioner = [delay(options.latency / 2, options.latency / 20), loss(options.loss / 100)]
const player = (name: string): BallClient => new BallClient({ name, port: server.address!.port, conditioner })
const [ada, bob, cy] = [player('ada'), player('bob'), player('cy')]
const players = [ada, bob, cy]
try {
  await ada.join()
  await bob.join()
  console.log(`${options.latency} ms there and back, ${options.loss} % loss each way. ada and bob play.`)
  for (let n = 0; n < BALLS; n++) ada.add(4 + n * 5, 2 + n)
  const end = performance.now() + options.seconds * 1000
  for (let n = 0; performance.now() < end - REST_MS; n++) {
    await sleep(150)
    bob.kick(1 + (n % BALLS))
  }
  await cy.join()
  await sleep(Math.max(0, end - performance.now()))
  await settled(() => bob.client.pendingAcks === 0) // the kicks are at the server,
  await settled(() => server.pendingAcks === 0) // what became of them is at everyone,
  await settled(() => cy.resyncs.agreed + cy.resyncs.corrected >= BALLS) // and cy has heard twice of each ball
  console.log('cy came late, when all the kicking was done, and was sent the state.')
  show()
} finally {
  await Promise.all(players.map(({ client }) => client.close('enough')))
  await server.close()
}

async function settled(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + SETTLE_MS; !condition() && performance.now() < end; ) await sleep(10)
}

function show(): void {
  const tick = Math.max(...[balls, ...players.map((each) => each.balls)].flatMap((each) => Array.from(each.values(), (ball) => ball.tick)))
  const [truth, ...theirs] = [balls, ...players.map((each) => each.balls)].map((each) =>
    Array.from(each.values(), (ball) => ballAt(ball, tick)),
  )
  for (const line of beside(pictureOf(`server, tick ${tick}`, truth!), pictureOf(`cy, tick ${tick}`, theirs[2]!))) console.log(line)
  console.log('player   balls   as the server has them   words on a ball: agreed   corrected   largest jump')
  for (const [i, name] of ['ada', 'bob', 'cy'].entries()) {
    const own = new Map(theirs[i]!.map((ball) => [ball.id, ball]))
    const equal = truth!.filter((ball) => own.get(ball.id)?.x === ball.x && own.get(ball.id)?.y === ball.y).length
    const { agreed, corrected, largestJump } = players[i]!.resyncs
    console.log(
      `${name.padEnd(6)} ${String(own.size).padStart(7)} ${`${equal} of ${truth!.length}, exactly`.padStart(24)} ${String(agreed).padStart(25)} ${String(corrected).padStart(11)} ${largestJump.toFixed(2).padStart(14)}`,
    )
  }
}
