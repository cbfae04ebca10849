// What holds for each example: it is listed, its README leads somewhere, and its command helps.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startExample } from './run-example.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const INDEX = readFileSync(join(ROOT, 'examples/README.md'), 'utf8')
const COMMANDS = Array.from(INDEX.matchAll(/^\| \[([\w-]+)\]\(.*\| `node (dist\/examples\/[\w/.-]+)` \|$/gm), ([, name, file]) => ({
  name: name!,
  file: file!,
}))

/** `npm run demo` and `npm run new` have tests and documents of their own. */
const ELSEWHERE = ['arena', 'starter']

t.test('every example is in the index', async (t) => {
  const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  const listed = COMMANDS.map(({ name }) => name).sort()
  t.strictSame(listed, folders.filter((name) => !ELSEWHERE.includes(name)).sort())
})

for (const { name, file } of COMMANDS) {
  t.test(`${name}: a short README that leads somewhere, and a command with --help`, async (t) => {
    const path = join(ROOT, 'examples', name, 'README.md')
    const readme = readFileSync(path, 'utf8')
    t.ok(readme.includes(`node ${file}`), 'it gives the command')
    t.ok(readme.trimEnd().split('\n').length <= 8, 'it is short')
    for (const [, target] of readme.matchAll(/\]\(([^)]+)\)/g)) t.ok(existsSync(join(dirname(path), target!)), `a link to ${target}`)
    const { code, stdout, stderr } = await startExample(join(ROOT, file), ['--help']).ended
    t.equal(code, 0)
    t.equal(stderr, '')
    t.match(stdout, `node ${file}`)
  })
}
