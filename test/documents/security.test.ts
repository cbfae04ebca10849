// docs/SECURITY.md against the tests: each promise names one that exists, and each attack says what becomes of the attacker.
import t from 'tap'
import { insiderAttacks } from '../../attacks/insider-attacks.js'
import { readDocument, tableRows } from './document.js'

const page = readDocument('docs/SECURITY.md')

t.test('every promise names a test that exists, by file and title', async (t) => {
  const promises = tableRows(page, 'Promise', 'Test', 'Title')
  t.ok(promises.length > 25, `${promises.length} promises`)
  for (const [promise, file, title] of promises) {
    if (!/^test\/.+\.test\.ts$/.test(file ?? '') || (title ?? '') === '') {
      t.fail(`"${promise}" expected a test file and a title, got "${file}" and "${title}"`)
      continue
    }
    t.ok(titlesOf(file!).includes(title!), `${file} has "${title}"`)
  }
})

t.test('every table of promises is one, so that none goes without a test', async (t) => {
  const sections = page.split(/^## /m).filter((section) => section.startsWith('Against') || section.startsWith('On the LAN'))
  t.equal(sections.length, 5)
  for (const section of sections) t.match(section, /\| Promise \| Test \| Title \|/, section.slice(0, section.indexOf('\n')))
})

t.test('every attack of a player inside is listed, with what becomes of it', async (t) => {
  t.strictSame(
    tableRows(page, 'Attack', 'Outcome'),
    insiderAttacks.map(({ name, outcome }) => [name, outcome]),
  )
})

/** The source of a test; that of the attacks too, where its titles are the attacks' names. */
function titlesOf(file: string): string {
  const source = readDocument(file)
  return source.includes('attacks/strangers.js') ? source + readDocument('attacks/strangers.ts') : source
}
