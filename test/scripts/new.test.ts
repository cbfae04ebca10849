// A game of one's own, as a newcomer makes it: npm run new, then what its README says. Real npm, real processes, real sockets on loopback.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { isGroupAlive } from '../examples/run-example.js'
import { type CommandEnd, startCommand } from './run-command.js'

const project = fileURLToPath(new URL('../../../', import.meta.url))

/** Of its own, so that a client finds no other game of a test that runs at the same time. */
const NAME = `game-${process.pid}`

/** Outside of the repository, where games have to be. */
const work = mkdtempSync(join(tmpdir(), 'tickwire-new-'))
t.teardown(() => rmSync(work, { recursive: true, force: true, maxRetries: 5 }))

function newGame(...args: readonly string[]): Promise<CommandEnd> {
  return startCommand(['node scripts/new.js', ...args].join(' '), project).ended
}

t.test('makes a game that installs, tests itself, is found, is played and ends on Ctrl-C', { timeout: 180_000 }, async (t) => {
  const folder = join(work, NAME)
  t.equal((await startCommand('node --version', work).ended).stdout.trim(), process.version, 'on this node')
  const made = await startCommand(`npm run new -- ${folder}`, project).ended
  t.comment(made.stdout)
  t.equal(made.code, 0, made.stderr)
  t.match(made.stdout, `${NAME} is ready`)

  const game = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  t.hasStrict(game, { name: NAME, type: 'module', dependencies: { tickwire: 'file:vendor/tickwire-0.1.0.tgz' } })
  t.strictSame(Object.keys(game.devDependencies), ['@types/node', 'typescript'])
  t.strictSame(
    allFiles(folder).filter((path) => readFileSync(path, 'utf8').includes('tickwire-starter') || path.endsWith('.template')),
    [],
    'every file is named after the game',
  )
  t.ok(existsSync(join(folder, '.gitignore')) && existsSync(join(folder, '.dockerignore')))
  for (const [, sources] of readFileSync(join(folder, 'Dockerfile'), 'utf8').matchAll(/^COPY (?!--from)(.+) \S+$/gm))
    for (const source of sources!.split(' ')) t.ok(existsSync(join(folder, source)), `the Dockerfile finds ${source}`)

  const [serverLine = '', clientLine = ''] = /```sh\n([\s\S]*?)```/.exec(readFileSync(join(folder, 'README.md'), 'utf8'))![1]!.split('\n')
  const server = startCommand(serverLine, folder, { PORT: '0' })
  t.teardown(() => server.signal('SIGKILL'))
  await server.shown(/server: listens at 127\.0\.0\.1, UDP port \d+/)
  const client = startCommand(clientLine, folder)
  t.teardown(() => client.signal('SIGKILL'))
  await client.shown(/client: 1 in the game, tiles: \S+ ([2-9]|\d\d+); round trip [\d.]+ ms/)
  server.signal('SIGINT')
  const [serverEnd, clientEnd] = await Promise.all([server.ended, client.ended])
  t.comment(serverEnd.stdout)
  t.comment(clientEnd.stdout)
  t.match(serverEnd.stdout, /is in, 1 of 8\n[\s\S]*server: SIGINT, closes\n[\s\S]*server: closed\n/)
  t.equal(serverEnd.stderr, '')
  t.match(clientEnd.stdout, /client: the game is over \(server-closed\): the server was stopped\n/)
  t.equal(clientEnd.code, 0, clientEnd.stderr)
  t.notOk(isGroupAlive(server.pid) || isGroupAlive(client.pid), 'no process is left')

  const tested = await startCommand('npm test', folder).ended
  t.comment(tested.stdout.replaceAll(/^ .*\n|^# Subtest.*\n/gm, ''))
  t.equal(tested.code, 0, tested.stderr)
  t.match(tested.stdout, /pass \d+\n[\s\S]*fail 0\n/)
})

t.test('refuses a folder that will not do, and says what to do', async (t) => {
  const full = join(work, 'full')
  mkdirSync(full)
  writeFileSync(join(full, 'mine.txt'), 'mine')
  const link = join(work, 'link')
  symlinkSync(project, link)
  const refusals = [
    [[], 'expected one folder, got none'],
    [['a', 'b'], 'expected one folder, got a b'],
    [['--bogus'], "Unknown option '--bogus'"],
    [['examples/mine'], /lies inside of this repository.*Take one beside it/],
    [[join(link, 'mine')], /lies inside of this repository/],
    [[full], /full exists and is not empty \(mine\.txt\)\. Name another folder/],
    [[join(full, 'mine.txt')], /is a file/],
    [[join(work, 'MyGame')], /'MyGame' has other characters.*Try: npm run new -- .*mygame/],
    [[join(work, '_game')], /Try: npm run new -- .*[/]game$/m],
    [[join(work, 'tickwire')], /'tickwire' stands for something else.*my-game/],
  ] as const
  const ends = await Promise.all(refusals.map(([args]) => newGame(...args)))
  for (const [i, { code, stdout, stderr }] of ends.entries()) {
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, refusals[i]![1])
    t.notMatch(stderr, /^ +at /m, 'no stack')
  }
  t.strictSame(readdirSync(full), ['mine.txt'])
  t.match((await newGame('--help')).stdout, 'npm run new -- [options] <folder>')
})

t.test('takes back what it made where the library cannot be packed', async (t) => {
  const folder = join(work, 'deep', 'game')
  const { code, stderr } = await startCommand(`node scripts/new.js ${folder}`, project, fakeNpm({ pack: 'fails' })).ended
  t.equal(code, 1)
  t.match(stderr, 'npm error of a test')
  t.match(stderr, /took back what was made: .*deep is gone again/)
  t.match(stderr, 'Run npm ci in')
  t.notOk(existsSync(join(work, 'deep')))
})

t.test('takes back what it made when it is interrupted before the game is whole, and leaves an empty folder that was there', async (t) => {
  const folder = join(work, 'empty')
  mkdirSync(folder)
  const making = startCommand(`node scripts/new.js ${folder}`, project, fakeNpm({ pack: 'waits' }))
  await making.shown(/2 of 3/)
  making.signal('SIGINT')
  const { code, stderr } = await making.ended
  t.equal(code, 130)
  t.match(stderr, /took back what was made: .*empty is empty again/)
  t.strictSame(readdirSync(folder), [])
})

t.test('keeps the game and says how to go on when the install is interrupted', async (t) => {
  const folder = join(work, 'interrupted')
  const making = startCommand(`node scripts/new.js ${folder}`, project, fakeNpm({ install: 'waits' }))
  await making.shown(/3 of 3/)
  making.signal('SIGINT')
  const { code, stderr } = await making.ended
  t.equal(code, 130)
  t.match(stderr, /interrupted while the packages were installed.*complete, and stay[\s\S]*npm install/)
  t.ok(existsSync(join(folder, 'src', 'server.ts')))
})

t.test('keeps the game and says why and how to go on where the registry cannot be reached', async (t) => {
  const folder = join(work, 'offline')
  const { code, stderr } = await startCommand(`node scripts/new.js ${folder}`, project, fakeNpm({ install: 'fails' })).ended
  t.equal(code, 1)
  t.match(stderr, 'npm could not reach its registry')
  t.match(stderr, /complete, and stay[\s\S]*npm install/)
  t.strictSame(readdirSync(join(folder, 'vendor')), ['tickwire-0.1.0.tgz'])
  t.ok(existsSync(join(folder, 'src', 'server.ts')))
})

t.test('leaves the packages out when asked to, and says what gets them', async (t) => {
  const folder = join(work, 'bare')
  const { code, stdout } = await startCommand(`node scripts/new.js --no-install ${folder}`, project, fakeNpm({ install: 'fails' })).ended
  t.equal(code, 0)
  t.match(stdout, /npm install +gets its packages/)
  t.ok(existsSync(join(folder, 'package.json')))
})

/** What to set for an npm that does as it is told here, in milliseconds. */
function fakeNpm(does: { readonly pack?: 'fails' | 'waits'; readonly install?: 'fails' | 'waits' }): Record<string, string> {
  const file = join(mkdtempSync(join(work, 'npm-')), 'npm-cli.js')
  writeFileSync(
    file,
    `const [, , command, ...parameters] = process.argv
const does = ${JSON.stringify(does)}[command]
if (does === 'waits') setInterval(() => {}, 1000)
else if (does === 'fails') {
  console.error('npm error of a test, code ECONNREFUSED')
  process.exit(1)
} else if (command === 'pack')
  require('node:fs').writeFileSync(parameters[parameters.indexOf('--pack-destination') + 1] + '/tickwire-0.1.0.tgz', '')
`,
  )
  return { npm_execpath: file }
}

function allFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules' && name !== 'vendor')
    .flatMap((entry) => (entry.isDirectory() ? allFiles(join(folder, entry.name)) : [join(folder, entry.name)]))
}
