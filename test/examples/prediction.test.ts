import t from 'tap'
import { Input, messages, State } from '../../examples/prediction/messages.js'
import { type Body, distance, move, push, START } from '../../examples/prediction/movement.js'
import { Predictor } from '../../examples/prediction/predictor.js'
import { type Player, runWorld } from '../../examples/prediction/server.js'
import { simulate } from '../../lib/simulator/index.js'
import { exampleFile, startExample } from './run-example.js'

const RIGHT = { left: false, right: true, up: false, down: false }
const DOWN = { left: false, right: false, up: false, down: true }

t.test('at 150 ms and 10 % loss the predicted player is where the server will have it, most of all with redundant inputs', async (t) => {
  const { code, stdout, stderr } = await startExample(exampleFile('prediction/prediction.js'), ['--seconds', '10']).ended
  t.equal(stderr, '')
  t.equal(code, 0)
  const [, once, repeated] = stdout.split(/^each input /m).map((text) => ({
    missed: Number(/: (\d+) of 600 inputs never counted/.exec(text)?.[1]),
    pushes: Number(/no client can foresee: (\d+)/.exec(text)?.[1]),
    corrections: Number(/corrections: (\d+)/.exec(text)?.[1]),
    views: Object.fromEntries(
      Array.from(
        text.matchAll(/^ {2}(as it comes|predicted|reconciled|smoothed) +([\d.]+) +([\d.]+) +([\d.]+)$/gm),
        ([, view, ...figures]) => [view, { mean: Number(figures[0]), largest: Number(figures[1]), step: Number(figures[2]) }],
      ),
    ),
  }))
  t.ok(once!.missed > 30, `sent once, ${once!.missed} inputs are missed`)
  t.ok(repeated!.missed <= 3, `repeated, ${repeated!.missed}`)
  for (const { views } of [once!, repeated!]) {
    t.ok(
      views.reconciled!.mean < views['as it comes']!.mean / 4,
      `mean error ${views.reconciled!.mean} instead of ${views['as it comes']!.mean}`,
    )
    t.ok(views.reconciled!.mean < views.predicted!.mean / 4, `${views.predicted!.mean} where nothing is put right`)
    t.ok(views.smoothed!.step < views.reconciled!.step / 2, `steps of ${views.smoothed!.step} instead of ${views.reconciled!.step}`)
  }
  t.ok(repeated!.views.reconciled!.mean < once!.views.reconciled!.mean / 2, 'redundancy more than halves the error')
  t.ok(repeated!.corrections < once!.corrections / 3, `${repeated!.corrections} corrections instead of ${once!.corrections}`)
})

t.test('a predictor whose inputs were all applied corrects nothing', async (t) => {
  const predictor = new Predictor()
  let server: Body = START
  for (let n = 1; n <= 20; n++) {
    t.equal(predictor.apply(RIGHT), n)
    if (n > 10) server = move(server, RIGHT) // ten inputs under way
    if (n > 10) predictor.reconcile(n - 10, server)
  }
  t.equal(predictor.corrections, 0)
  t.strictSame(predictor.drawn, { x: predictor.body.x, y: predictor.body.y })
})

t.test('a lost input is taken back; what is drawn glides there', async (t) => {
  const predictor = new Predictor()
  predictor.apply(RIGHT)
  predictor.apply(RIGHT)
  predictor.apply(DOWN)
  const before = predictor.drawn
  predictor.reconcile(2, move(START, RIGHT)) // the first never came
  t.equal(predictor.corrections, 1)
  const truth = move(move(START, RIGHT), DOWN)
  t.strictSame(predictor.body, truth)
  t.ok(distance(predictor.drawn, before) < 1e-9, 'no jump')
  for (let n = 0; n < 60; n++) predictor.apply({ ...RIGHT, right: false })
  t.ok(distance(predictor.drawn, predictor.body) < 0.001, 'a second later it is where it should be')
})

t.test('who was moved far is shown there at once', async (t) => {
  const predictor = new Predictor()
  predictor.apply(RIGHT)
  predictor.reconcile(1, { x: 20, y: 20, vx: 0, vy: 0 })
  t.strictSame(predictor.drawn, { x: 20, y: 20 })
})

t.test('players stay in the arena, whatever pushes them', async (t) => {
  let body = push(START, 10_000, -10_000)
  for (let n = 0; n < 100; n++) body = move(body, RIGHT)
  t.strictSame([body.x, body.y], [30, -30])
})

t.test('nobody moves faster by sending more inputs', async (t) => {
  const decided: number[] = []
  const { clients, server, step } = await simulate<Player>({
    seed: 1,
    messages,
    clients: 1,
    server: (server) => runWorld(server, { onDecided: (number) => decided.push(number) }),
  })
  clients[0]!.onMessage(State, () => {})
  let number = 0
  const before = server.tick
  for (let n = 0; n < 100; n++) {
    for (let more = 0; more < 5; more++) clients[0]!.send(Input, { number: ++number, keys: RIGHT })
    await step(1000 / 60)
  }
  const ticks = server.tick - before
  t.ok(decided.length >= 90 && decided.length <= ticks + 31, `${decided.length} of ${number} inputs counted in ${ticks} ticks`)
  t.strictSame(
    decided,
    decided.toSorted((a, b) => a - b),
    'in order',
  )
  t.equal(new Set(decided).size, decided.length, 'each once')
})
