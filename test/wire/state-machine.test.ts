import t from 'tap'
import { observeMoves, StateMachine, type Transitions } from '../../lib/wire/state-machine.js'

type State = 'open' | 'closed' | 'gone'

const TABLE: Transitions<State> = { open: ['closed'], closed: ['open', 'gone'], gone: [] }

t.test('moves along its table, and throws on any other move, which changes nothing', async (t) => {
  const door = new StateMachine<State>('door', TABLE, 'open')
  t.equal(door.state, 'open')
  t.throws(() => door.move('gone'), { message: 'a door cannot go from open to gone' })
  t.throws(() => door.move('open'), { message: 'a door cannot go from open to open' })
  t.equal(door.state, 'open')
  door.move('closed')
  door.move('gone')
  t.throws(() => door.move('closed'))
  t.equal(door.state, 'gone')
})

t.test('an observer hears of every move, and of no attempt, until it is taken away', async (t) => {
  const heard: string[] = []
  observeMoves((name, from, to) => heard.push(`${name}: ${from} to ${to}`))
  const door = new StateMachine<State>('door', TABLE, 'open')
  door.move('closed')
  t.throws(() => door.move('closed'))
  observeMoves(undefined)
  door.move('open')
  t.strictSame(heard, ['door: open to closed'])
})
