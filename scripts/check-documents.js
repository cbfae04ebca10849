// The last step of `npm run check`: holds the documents against the sources. Links and paths lead somewhere, functions are in the files that are named for them,
// numbers in tables are those of the code. Prints what it checked; every fault is told as file:line.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const README = 'README.md'
const ARCHITECTURE = 'docs/ARCHITECTURE.md'
const PROTOCOL = 'docs/PROTOCOL.md'
const EVENTS = 'docs/guide/server-and-client.md'
const TROUBLESHOOTING = 'docs/guide/troubleshooting.md'
/** Where warnings are printed; their texts stand elsewhere. */
const LOG = 'lib/io/log.ts'

const documents = [
  README,
  'CHANGELOG.md',
  ...['docs', 'docs/guide', 'docs/benchmarks'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)),
]
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, lines: read(path).split('\n') }))

const faults = []
/** How much was checked of each kind. */
const counts = new Map(
  [
    'relative links',
    'paths in backticks',
    'npm scripts',
    'commands of tickwire',
    'files of lib',
    'functions',
    'frame types',
    'packet types',
    'reasons',
    'limits',
    'error codes',
    'warnings',
    'counters',
    'options and metrics',
    'events',
  ].map((what) => [what, 0]),
)

checkLinks()
checkPaths()
checkScripts()
checkEveryFileIsNamed()
checkFunctions()
checkFrames()
checkPacketTypes()
checkReasons()
checkLimits()
checkErrorCodes()
checkWarnings()
checkCounters()
checkOptions()
checkEvents()

for (const [what, count] of counts) console.log(`${String(count).padStart(5)} ${what}`)
// A check that finds nothing to look at has lost its table, and would pass for ever.
for (const [what, count] of counts) if (count === 0) faults.push(`scripts/check-documents.js:1: found no ${what} to check`)
if (faults.length > 0) {
  console.error(faults.join('\n'))
  process.exit(1)
}

// ── What is checked ──

/** Relative links lead to files, and their fragments to headings. */
function checkLinks() {
  for (const { path, lines } of documents) {
    for (const [line, text] of proseOf(lines)) {
      for (const [, target] of text.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue
        count('relative links')
        const [file, fragment] = target.split('#')
        const linked = file === '' ? path : normalize(join(dirname(path), file))
        if (!existsSync(join(root, linked))) fault(path, line, `links to ${linked}, which does not exist`)
        else if (fragment !== undefined && !headingsOf(linked).includes(fragment))
          fault(path, line, `links to #${fragment}, which is no heading of ${linked}`)
      }
    }
  }
}

/** What looks like a path of the project, in backticks, exists. */
function checkPaths() {
  for (const { path, lines } of documents) {
    for (const [line, text] of proseOf(lines)) {
      for (const [, named] of text.matchAll(/`((?:lib|test|docs|scripts)\/[\w./-]*)`/g)) {
        count('paths in backticks')
        if (!existsSync(join(root, named))) fault(path, line, `names ${named}, which does not exist`)
      }
    }
  }
}

/** `npm run` names a script of package.json, and `npx tickwire` a command of bin/commands, in prose and in code. */
function checkScripts() {
  const { scripts } = JSON.parse(read('package.json'))
  for (const { path, lines } of documents) {
    for (const [i, text] of lines.entries()) {
      for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) {
        count('npm scripts')
        if (scripts[name] === undefined) fault(path, i + 1, `names npm run ${name}, which package.json does not have`)
      }
      for (const [, name] of text.matchAll(/npx tickwire ([a-z]+)/g)) {
        count('commands of tickwire')
        if (!existsSync(join(root, `bin/commands/${name}.ts`)))
          fault(path, i + 1, `names npx tickwire ${name}, which bin/commands does not have`)
      }
    }
  }
}

/** The house has no room that is not on the plan. */
function checkEveryFileIsNamed() {
  const page = read(ARCHITECTURE)
  for (const path of filesOf('lib')) {
    count('files of lib')
    if (!page.includes(`| \`${path}\` |`)) fault(ARCHITECTURE, lineOf(ARCHITECTURE, '## The files'), `does not say what ${path} is`)
  }
}

/** The functions on the way of a message are declared in the files named for them. */
function checkFunctions() {
  for (const { line, cells } of tables(ARCHITECTURE, 'File', 'Function', 'What').flat()) {
    const [file, name] = cells
    count('functions')
    if (!existsSync(join(root, file))) continue // checkPaths tells
    const declaration = new RegExp(
      `^(?:export )?(?:async )?function ${name}\\b|^ {2}(?:(?:protected|override|static|async) )*${name}[(<]`,
      'm',
    )
    if (!declaration.test(read(file))) fault(ARCHITECTURE, line, `says that ${file} has ${name}, which it does not`)
  }
}

/** Frame types: every one of the code in the table, and the other way round. */
function checkFrames() {
  const frames = new Map(
    [...read('lib/protocol/frames.ts').matchAll(/^export const (\w+) = (0x[0-9a-f]+)$/gm)].map(([, name, type]) => [name, type]),
  )
  const rows = tables(PROTOCOL, 'Type', 'Name', 'Body').flat()
  for (const { line, cells } of rows) {
    const [type, name] = cells
    if (name === 'later frames') {
      if (type.split('–')[0] !== frames.get('FIRST_SKIPPABLE'))
        fault(PROTOCOL, line, `later frames begin at ${frames.get('FIRST_SKIPPABLE')}`)
      continue
    }
    count('frame types')
    if (frames.get(name) !== type)
      fault(PROTOCOL, line, `${name} is ${frames.get(name) ?? 'no frame'} in lib/protocol/frames.ts, and ${type} here`)
  }
  for (const name of frames.keys()) {
    if (name !== 'FIRST_SKIPPABLE' && !rows.some(({ cells }) => cells[1] === name))
      fault(PROTOCOL, lineOf(PROTOCOL, '## Frames'), `does not have the frame ${name}`)
  }
}

function checkPacketTypes() {
  const values = constantsOf('lib/netcode/constants.ts')
  for (const { line, cells } of tables(PROTOCOL, 'Type', 'Packet').flat()) {
    count('packet types')
    const name = `PACKET_${cells[1].toUpperCase().replace('-', '_')}`
    if (values.get(name) !== Number(cells[0]))
      fault(PROTOCOL, line, `${name} is ${values.get(name)} in lib/netcode/constants.ts, and ${cells[0]} here`)
  }
}

/** Reasons: every one has its row in both pages, and in PROTOCOL.md its number is its place in the list of the code. */
function checkReasons() {
  const source = read('lib/endpoint/control-messages.ts')
  for (const [title, list] of [
    ['End reason', 'END_REASONS'],
    ['Reject reason', 'REJECT_REASONS'],
  ]) {
    const reasons = quoted(new RegExp(`const ${list}\\b[^=]*= \\[([^\\]]+)\\]`).exec(source)?.[1] ?? '')
    compareLists(PROTOCOL, tables(PROTOCOL, 'Number', title).flat(), ({ cells }) => cells[1], reasons, 'reasons')
    compareLists(TROUBLESHOOTING, tables(TROUBLESHOOTING, title, 'Cause').flat(), ({ cells }) => cells[0], reasons, 'reasons')
    for (const { line, cells } of tables(PROTOCOL, 'Number', title).flat())
      if (reasons[Number(cells[0])] !== cells[1]) fault(PROTOCOL, line, `number ${cells[0]} is ${reasons[Number(cells[0])]} in ${list}`)
  }
}

/** Tables of limits: the comment before each names the file that the values come from. */
function checkLimits() {
  for (const { path } of documents) {
    for (const table of tables(path, 'Constant', 'Value')) {
      const file = /<!-- limits: (\S+) -->/.exec(table[0].before)?.[1]
      if (file === undefined) fault(path, table[0].line, 'a table of constants expected <!-- limits: file --> before it')
      const values = file === undefined ? new Map() : constantsOf(file)
      for (const { line, cells } of table) {
        count('limits')
        const value = values.get(cells[0])
        if (value !== Number(cells[1].replaceAll(',', ''))) fault(path, line, `${cells[0]} is ${value} in ${file}, and ${cells[1]} here`)
      }
    }
  }
}

function checkErrorCodes() {
  const union = /export type NetworkErrorCode =([\s\S]*?)\n\n/.exec(read('lib/endpoint/network-error.ts'))?.[1] ?? ''
  const codes = [...union.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code)
  compareLists(TROUBLESHOOTING, tables(TROUBLESHOOTING, 'Code', 'Cause').flat(), ({ cells }) => cells[0], codes, 'error codes')
}

/** Everything that lib prints as a warning has its row, with `…` for what varies. */
function checkWarnings() {
  const rows = tables(TROUBLESHOOTING, 'Warning', 'Cause').flat()
  compareLists(
    TROUBLESHOOTING,
    rows,
    ({ cells }) => cells[0],
    [
      ...new Set(
        filesOf('lib')
          .filter((path) => path !== LOG)
          .flatMap(warningsOf),
      ),
    ],
    'warnings',
  )
}

/** What `TICKWIRE_DEBUG=1` may print as dropped: the members that are counted, of four sources. */
function checkCounters() {
  const counters = [
    ...membersOf('lib/endpoint/metrics.ts', 'DropCounters'),
    ...membersOf('lib/netcode/server-counters.ts', 'NetcodeServerCounters'),
    ...membersOf('lib/io/transport.ts', 'TransportCounters'),
  ]
  compareLists(TROUBLESHOOTING, tables(TROUBLESHOOTING, 'Counter', 'Counts').flat(), ({ cells }) => cells[0], counters, 'counters')
}

/** Tables of options: the comment before each names the interface whose members, inherited ones left out, are its rows. */
function checkOptions() {
  for (const { path, lines } of documents) {
    for (const [i, text] of lines.entries()) {
      const [, file, name] = /^<!-- options: (\S+) (\w+) -->$/.exec(text) ?? []
      if (file === undefined) continue
      const rows = rowsFrom(lines, lines.indexOf('', i + 1) + 1)
      const members = membersOf(file, name)
      if (members.length === 0) fault(path, i + 1, `names ${name} of ${file}, which has no members`)
      compareLists(path, rows.length > 0 ? rows : [{ line: i + 1, cells: [''] }], ({ cells }) => cells[0], members, 'options and metrics')
    }
  }
}

function checkEvents() {
  const of = (file, name) =>
    [...(new RegExp(`export interface ${name}[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(read(file))?.[1] ?? '').matchAll(/^ {2}(On\w+):/gm)].map(
      ([, event]) => event,
    )
  const server = of('lib/endpoint/server.ts', 'ServerEvents')
  const client = of('lib/endpoint/client.ts', 'ClientEvents')
  const rows = tables(EVENTS, 'Event', 'On').flat()
  compareLists(EVENTS, rows, ({ cells }) => cells[0], [...new Set([...server, ...client])], 'events')
  for (const { line, cells } of rows) {
    const side = !client.includes(cells[0]) ? 'server' : !server.includes(cells[0]) ? 'client' : 'both'
    if (side !== cells[1]) fault(EVENTS, line, `${cells[0]} is an event of ${side}, not of ${cells[1]}`)
  }
}

// ── Sources ──

function read(path) {
  return readFileSync(join(root, path), 'utf8')
}

/** The numbers among the constants of a file, each computed from those before it. The files are ours, so their expressions may run. */
function constantsOf(file) {
  const scope = {}
  const values = new Map()
  for (const [, name, expression] of read(file).matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]*) = (.+?)(?: \/\/.*)?$/gm)) {
    try {
      scope[name] = runInNewContext(expression, scope)
    } catch {
      continue // of another file's constants
    }
    if (typeof scope[name] === 'number') values.set(name, scope[name])
  }
  return values
}

/** Names of the members of an interface or class, its own ones and those that it picks from others; internal ones are left out. */
function membersOf(file, name) {
  const [, head, body] = new RegExp(`export (?:interface|class) ${name}\\b([^{]*)\\{([\\s\\S]*?)\\n\\}`).exec(read(file)) ?? []
  if (body === undefined) return []
  const shown = body.replace(/\/\*\*(?:(?!\*\/)[\s\S])*@internal \*\/\n.*/g, '')
  return [
    ...quoted(/Pick<([^>]*)>/.exec(head)?.[1] ?? ''),
    ...[...shown.matchAll(/^ {2}(?:readonly )?(\w+)\??(?::| =)/gm)].map(([, member]) => member),
  ]
}

/** The warnings of a source file: the texts that it gives to `warn` or `warnOnce`, and those in a table TEXTS. What only passes one on calls it `text`. */
function warningsOf(path) {
  const source = read(path)
  const table = /^const TEXTS\b[^{]*\{([\s\S]*?)\n\}/m.exec(source)?.[1]
  const texts = table === undefined ? [] : argumentsFrom(`${table})`, 0).flatMap(({ strings }) => strings)
  for (const { index, 0: call } of source.matchAll(/\b(?:warn|warnOnce)\((?!\w+: )/g)) {
    const { strings, rest } = argumentsFrom(source, index + call.length).at(-1)
    texts.push(...strings)
    if (strings.length === 0 && rest !== 'text')
      fault(
        path,
        source.slice(0, index).split('\n').length,
        'a warning whose text cannot be read here: write it where it is given to warn or warnOnce',
      )
  }
  return texts
}

/** The arguments of a call, from behind its parenthesis: of each the string literals in it, with `…` for interpolations, and what is beside them. */
function argumentsFrom(source, start) {
  const found = [{ strings: [], rest: '' }]
  for (let i = start, depth = 1; depth > 0; i++) {
    const character = source[i]
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 1) found.push({ strings: [], rest: '' })
    else if (character === "'" || character === '"' || character === '`') {
      const { text, end } = stringFrom(source, i)
      found.at(-1).strings.push(text)
      i = end
    } else if (depth > 0) found.at(-1).rest += character
  }
  return found.map(({ strings, rest }) => ({ strings, rest: rest.trim() })).filter(({ strings, rest }) => strings.length > 0 || rest !== '')
}

/** The literal that begins at `start`, and where it ends. */
function stringFrom(source, start) {
  const quote = source[start]
  let text = ''
  for (let i = start + 1; i < source.length; i++) {
    if (source[i] === quote) return { text: text.replace(/…+/g, '…'), end: i }
    if (source[i] === '\\') text += source[++i]
    else if (quote === '`' && source.startsWith('${', i)) {
      text += '…'
      i = braceEnd(source, i + 1)
    } else text += source[i]
  }
  throw new Error('a string without an end')
}

/** Where the brace that opens at `start` closes; strings inside are skipped. */
function braceEnd(source, start) {
  let depth = 0
  for (let i = start; i < source.length; i++) {
    if (source[i] === '{') depth++
    else if (source[i] === '}' && --depth === 0) return i
    else if (source[i] === "'" || source[i] === '"' || source[i] === '`') i = stringFrom(source, i).end
  }
  throw new Error('a brace without an end')
}

function filesOf(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts'))
}

function quoted(text) {
  return [...text.matchAll(/'([^']+)'/g)].map(([, inner]) => inner)
}

// ── Documents ──

/** The lines outside of code blocks, with their numbers. */
function proseOf(lines) {
  let isCode = false
  return [...lines.entries()].flatMap(([i, text]) => {
    const isFence = text.startsWith('```')
    if (isFence) isCode = !isCode
    return isCode || isFence ? [] : [[i + 1, text]]
  })
}

/** Headings as GitHub makes fragments of them. */
function headingsOf(path) {
  return proseOf(read(path).split('\n'))
    .filter(([, text]) => text.startsWith('#'))
    .map(([, text]) =>
      text
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    )
}

/** Tables whose first columns have these titles: their rows, each with its line, its cells without backticks, and the last text before the table. */
function tables(path, ...titles) {
  const { lines } = documents.find((document) => document.path === path)
  const found = []
  for (let i = 0; i < lines.length; i++) {
    const head = cellsOf(lines[i])
    if (!titles.every((title, column) => head[column] === title)) continue
    const before = lines.slice(0, i).findLast((text) => text !== '') ?? ''
    const rows = rowsFrom(lines, i).map((row) => ({ ...row, before }))
    found.push(rows)
    i += 1 + rows.length
  }
  return found
}

/** The rows of the table whose titles stand in `lines[head]`, each with its line, from 1, and its cells. */
function rowsFrom(lines, head) {
  const rows = []
  for (let i = head + 2; lines[i]?.startsWith('|'); i++) rows.push({ line: i + 1, cells: cellsOf(lines[i]) })
  return rows
}

function cellsOf(text) {
  return text.startsWith('|')
    ? text
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.replaceAll('`', '').trim())
    : []
}

function lineOf(path, text) {
  return documents.find((document) => document.path === path).lines.indexOf(text) + 1
}

/** Every row's name is expected, and every expected name has a row. */
function compareLists(path, rows, nameOf, expected, what) {
  for (const row of rows) {
    count(what)
    if (!expected.includes(nameOf(row))) fault(path, row.line, `${nameOf(row)} is none of the ${what} of the code`)
  }
  for (const name of expected)
    if (!rows.some((row) => nameOf(row) === name)) fault(path, rows[0]?.line ?? 1, `the table leaves out ${name}`)
}

function count(what) {
  counts.set(what, counts.get(what) + 1)
}

function fault(path, line, text) {
  faults.push(`${path}:${line}: ${text}`)
}
