// Every code block of the README and the guide: programs run and print what the page shows, fragments compile, commands exist. code-blocks.ts says how blocks are marked.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readOptions } from '../../lib/endpoint/options.js'
import { MessageFactory } from '../../lib/messages/index.js'
import { plainNode } from '../plain-node.js'
import { type CodeBlock, codeBlocksOf, commandsOf, matchesOutput, preludeOf } from './code-blocks.js'
import { readDocument, root, tableRows } from './document.js'

/** Takes over what programs print, where it rightly changed. */
const UPDATE = 'UPDATE_OUTPUTS=1 npx tap dist/test/documents/guide.test.js'

/** Programs that a block of commands may start. */
const PROGRAMS = ['npm', 'npx', 'node', 'git', 'cd', 'docker', 'sudo', 'ss']

const pages = ['README.md', ...readdirSync(join(root, 'docs/guide')).map((name) => `docs/guide/${name}`)].filter((page) =>
  page.endsWith('.md'),
)
const blocks = pages.flatMap((page) => codeBlocksOf(page, readDocument(page)))

/** A folder beside this test, and not in the system's temporary one: node and tsc find the package `tickwire` by the folders above a file. */
function makeFolder(): string {
  const folder = mkdtempSync(fileURLToPath(new URL('blocks-', import.meta.url)))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

function run(args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env // or node:test would notice that it runs inside another test
  const [command, all] = plainNode(args)
  return new Promise((resolve) => {
    execFile(command, all, { env, encoding: 'utf8', timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr })
    })
  })
}

t.test('every program runs to its end, and prints what its page shows', { jobs: 2 }, async (t) => {
  const folder = makeFolder()
  const programs = blocks.filter(({ kind }) => kind === 'run')
  t.ok(programs.length >= 8, `${programs.length} programs`)
  for (const [i, program] of programs.entries()) {
    void t.test(`${program.page}: ${program.name}`, { buffered: true }, async (t) => {
      const path = join(folder, `${i}-${program.name}`)
      writeFileSync(path, program.text)
      const { code, output } = await run([path])
      t.equal(code, 0, output)
      for (const shown of blocks.filter(({ kind, page, name }) => kind === 'output' && page === program.page && name === program.name)) {
        if (process.env.UPDATE_OUTPUTS === '1') show(shown, output)
        else t.ok(matchesOutput(shown.text, output), `prints what ${shown.page}:${shown.line} shows`, { printed: output, ifRight: UPDATE })
      }
    })
  }
})

/** Puts what a program printed into its page. */
function show(block: CodeBlock, output: string): void {
  if (matchesOutput(block.text, output)) return
  const path = join(root, block.page)
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(
      `<!-- output: ${block.name} -->\n\`\`\`text\n${block.text}`,
      () => `<!-- output: ${block.name} -->\n\`\`\`text\n${output}`,
    ),
  )
}

t.test('what is shown as an output is that of a program on its page', async (t) => {
  for (const { page, line, name } of blocks.filter(({ kind }) => kind === 'output'))
    t.ok(
      blocks.some((other) => other.kind === 'run' && other.page === page && other.name === name),
      `${page}:${line} ${name}`,
    )
})

t.test('every fragment compiles', async (t) => {
  const folder = makeFolder()
  const fragments = blocks.filter(({ kind }) => kind === 'check')
  t.ok(fragments.length >= 10, `${fragments.length} fragments`)
  const options = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noEmit: true, incremental: false, rootDir: folder, noUnusedLocals: false, noUnusedParameters: false },
    include: [`${folder}/*.ts`],
    exclude: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options))
  const places = new Map<string, { readonly page: string; readonly shift: number }>()
  for (const [i, { page, line, text }] of fragments.entries()) {
    const isModule = /^(import|export) /m.test(text)
    const head = isModule ? '' : `${preludeOf(readDocument(page))}export {}\n{\n`
    const file = `${basename(page, '.md')}-${i}.ts`
    writeFileSync(join(folder, file), isModule ? text : `${head}${text}}\n`)
    places.set(file, { page, shift: line - head.split('\n').length })
  }
  const { code, output } = await run([join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'])
  const told = output.replace(/^\S*?([\w-]+\.ts)\((\d+),/gm, (whole, file: string, line: string) => {
    const place = places.get(file)
    return place === undefined ? whole : `${place.page}:${Number(line) + place.shift} (`
  })
  t.equal(code, 0, told)
})

t.test('every command names what there is', async (t) => {
  const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> }
  for (const block of blocks.filter(({ kind }) => kind === 'commands')) {
    const where = `${block.page}:${block.line}`
    const commands = commandsOf(block.text)
    for (const program of commands.programs) t.ok(PROGRAMS.includes(program), `${where} starts ${program}`)
    for (const script of commands.scripts) t.ok(scripts[script] !== undefined, `${where} npm run ${script}`)
  }
})

t.test('the defaults of tuning.md are those of the code', async (t) => {
  const settings = { ...readOptions({ messages: new MessageFactory() }) } as Readonly<Record<string, unknown>>
  const rows = tableRows(readDocument('docs/guide/tuning.md'), 'Option', 'Default', 'Change it when').filter(
    ([option]) => typeof settings[option!] === 'number',
  )
  t.ok(rows.length >= 5, `${rows.length} numbers`)
  for (const [option, standard] of rows) t.equal(Number(standard!.replaceAll(',', '')), settings[option!], option!)
})
