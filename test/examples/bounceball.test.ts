import t from 'tap'
import { type Ball, ballAt, HEIGHT, WIDTH } from '../../examples/bounceball/physics.js'
import { beside, pictureOf } from '../../examples/bounceball/picture.js'
import { exampleFile, isGroupAlive, startExample } from './run-example.js'

t.test('all players have the server’s balls to the last bit, the late one too', async (t) => {
  const { pid, ended } = startExample(exampleFile('bounceball/bounceball.js'), ['--seconds', '3'])
  const { code, stdout, stderr } = await ended
  t.equal(stderr, '')
  t.equal(code, 0, stdout)
  for (const name of ['ada', 'bob', 'cy']) {
    const [, agreed, corrected, jump] = new RegExp(`^${name} +6 +6 of 6, exactly +(\\d+) +(\\d+) +(\\d+\\.\\d\\d)$`, 'm').exec(stdout) ?? []
    t.ok(Number(agreed) >= 6, `${name}: ${agreed} words agreed`)
    if (name === 'cy') t.equal(corrected, '0', 'nothing was kicked after cy came')
    else t.ok(Number(corrected) > 0 && Number(jump) > 0, `${name}: ${corrected} words corrected, by ${jump} at most`)
  }
  const pictures = stdout.split('\n').flatMap((line) => (line.startsWith('│') ? [line.split('  │')] : []))
  t.equal(pictures.length, HEIGHT / 2)
  t.notOk(isGroupAlive(pid))
})

const BALL: Ball = { id: 1, tick: 100, x: 3, y: 4, vx: 12.3, vy: -5.1 }

t.test('a ball is the same whether it is brought forward at once or in steps', async (t) => {
  let stepped = BALL
  for (let tick = 101; tick <= 1100; tick++) stepped = ballAt(stepped, tick)
  t.strictSame(stepped, ballAt(BALL, 1100))
  t.equal(ballAt(BALL, 100), BALL)
  t.equal(ballAt(BALL, 50), BALL, 'never backwards')
})

t.test('balls stay inside, and keep bouncing', async (t) => {
  let ball = BALL
  let bounces = 0
  let outside = 0
  for (let tick = 101; tick <= 10_000; tick++) {
    const next = ballAt(ball, tick)
    if (Math.sign(next.vx) !== Math.sign(ball.vx)) bounces++
    ball = next
    if (ball.x < 0 || ball.x > WIDTH || ball.y < 0 || ball.y > HEIGHT) outside++
  }
  t.equal(outside, 0)
  t.ok(bounces > 20)
  t.ok(Math.abs(ball.vx) === 12.3)
})

t.test('pictures show each ball in its place', async (t) => {
  const picture = pictureOf('one', [
    { ...BALL, x: 0, y: 0 },
    { ...BALL, id: 12, x: WIDTH, y: HEIGHT },
  ])
  t.equal(picture.length, HEIGHT / 2 + 2)
  t.ok(picture.every((line) => line.length === WIDTH + 2))
  t.equal(picture[1]![1], '1')
  t.equal(picture.at(-2)!.at(-2), '2')
  t.equal(beside(picture, picture)[0]!.length, 2 * (WIDTH + 2) + 2)
})
