import t from 'tap'
import { helpText, readOptions, UsageError } from '../../examples/arena/options.js'

t.test('fills in defaults', (t) => {
  const { name, ...options } = readOptions([])!
  t.strictSame(options, {
    players: undefined,
    hz: 60,
    seconds: undefined,
    port: 0,
    latency: 0,
    loss: 0,
    lan: false,
    arena: undefined,
  })
  t.ok(name.length > 0, 'who plays has a name')
  t.end()
})

t.test('reads every option', (t) => {
  const args = ['--players', '3', '--hz=30', '--seconds', '2.5', '--port', '9000', '--latency', '12.5', '--loss', '0.5']
  t.strictSame(readOptions([...args, '--lan', '--name', 'ada', '--arena', 'den']), {
    players: 3,
    hz: 30,
    seconds: 2.5,
    port: 9000,
    latency: 12.5,
    loss: 0.5,
    lan: true,
    name: 'ada',
    arena: 'den',
  })
  t.end()
})

t.test('is asked for help, whatever else is there', (t) => {
  t.equal(readOptions(['--help']), undefined)
  t.equal(readOptions(['-h', '--players', '99']), undefined)
  t.match(helpText(), /--port N .* \(0–65535; 0\)/)
  t.end()
})

t.test('refuses what it does not understand, and says what it expected', (t) => {
  for (const [args, text] of [
    [['--players', '32'], "--players expected an integer from 0 to 31, got '32'"],
    [['--players', '2.5'], "--players expected an integer from 0 to 31, got '2.5'"],
    [['--hz', 'fast'], "--hz expected an integer from 5 to 240, got 'fast'"],
    [['--seconds', ''], "--seconds expected a number from 1 to 3600, got ''"],
    [['--port', '70000'], "--port expected an integer from 0 to 65535, got '70000'"],
    [['--latency=-5'], "--latency expected a number from 0 to 1000, got '-5'"],
    [['--loss', 'NaN'], "--loss expected a number from 0 to 40, got 'NaN'"],
    [['--name', ''], "--name expected 1 to 24 bytes, got ''"],
    [['--name', 'ä'.repeat(13)], `--name expected 1 to 24 bytes, got '${'ä'.repeat(13)}'`],
    [['--bogus'], "Unknown option '--bogus'"],
    [['--loss'], /--loss/],
    [['more'], /Unexpected argument 'more'/],
  ] as const) {
    t.throws(() => readOptions(args), { constructor: UsageError, message: text }, args.join(' '))
  }
  t.end()
})
