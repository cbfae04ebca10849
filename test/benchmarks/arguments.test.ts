// What `npm run bench` takes. The scenarios themselves measure the machine, and are not run here.
import t from 'tap'
import { helpFor, readArguments } from '../../benchmarks/arguments.js'
import type { Scenario } from '../../benchmarks/scenario.js'

const scenarios = ['messages', 'bulk', 'wire'].map(
  (name): Scenario => ({
    name,
    title: `what ${name} is`,
    method: '',
    seconds: 1,
    run: async () => ({ figures: [], tables: [], targets: [], charts: [] }),
  }),
)
const read = (...args: string[]) => readArguments(args, scenarios)
const names = (...args: string[]) => read(...args)?.scenarios.map(({ name }) => name)

t.test('scenarios run in their own order: those that are named, all, or messages', async (t) => {
  t.strictSame(names('wire', 'bulk'), ['bulk', 'wire'])
  t.strictSame(names('all'), ['messages', 'bulk', 'wire'])
  t.strictSame(names(), ['messages'])
})

t.test('without options there are five runs, every delivery, and every transport', async (t) => {
  t.match(read(), {
    runs: 5,
    seconds: undefined,
    sizes: undefined,
    deliveries: ['unreliable', 'sequenced', 'reliable', 'ordered'],
    transports: ['batched', 'dgram'],
    only: [],
  })
})

t.test('options are read', async (t) => {
  t.match(
    read('--runs', '2', '--seconds', '0.5', '--sizes', '32,64', '--delivery', 'ordered', '--transport', 'dgram', '--only', 'ENet,ws'),
    {
      runs: 2,
      seconds: 0.5,
      sizes: [32, 64],
      deliveries: ['ordered'],
      transports: ['dgram'],
      only: ['enet', 'ws'],
    },
  )
})

t.test('misuse says what was expected', async (t) => {
  t.throws(() => read('speed'), { message: 'expected a scenario (messages, bulk, wire) or all, got speed' })
  t.throws(() => read('--runs', '0'), { message: '--runs expected 1 to 100, got 0' })
  t.throws(() => read('--sizes', '8'), { message: '--sizes expected 16 to 1048576, got 8' })
  t.throws(() => read('--transport', 'tcp'), { message: '--transport expected batched, dgram, auto, got tcp' })
  t.throws(() => read('--loops', '3'))
})

t.test('the help names every scenario', async (t) => {
  t.equal(read('--help'), undefined)
  for (const { name, title } of scenarios) t.match(helpFor(scenarios), new RegExp(`^  ${name} +${title}$`, 'm'))
})
