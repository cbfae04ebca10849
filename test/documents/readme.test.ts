// The README's examples are programs: taken out of the page, saved as the files that they are said to be, and run by node against the built package.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { codeBlock, readDocument } from './document.js'

const readme = readDocument('README.md')

/** Runs one example. Inside the project `tickwire` is the package itself. */
function run(file: string): { readonly status: number | null; readonly output: string } {
  // Beside this test, and not in the system's temporary folder: node finds the package by the folders above the file.
  const folder = mkdtempSync(fileURLToPath(new URL('example-', import.meta.url)))
  try {
    const path = join(folder, file)
    writeFileSync(path, codeBlock(readme, `example: ${file}`))
    // Without tap's own loaders, and without node:test noticing that it runs inside another test.
    const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(process.execPath, [path], { env, encoding: 'utf8', timeout: 30_000 })
    return { status, output: stdout + stderr }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

t.test('echo.mjs chats in order, moves, and ends by itself', async (t) => {
  const { status, output } = run('echo.mjs')
  t.equal(status, 0, output)
  const lines = output.trim().split('\n')
  t.equal(lines[0], 'server: ada is in')
  t.strictSame(
    lines.filter((line) => line.includes('says')),
    ['client: ada says hello', 'client: ada says how are you?'],
  )
  t.match(output, /client: move \d+ is back from x /)
  t.equal(lines.at(-1), 'server: ada has left, closed (goodbye)')
})

t.test('chat.test.mjs is a test that passes', async (t) => {
  const { status, output } = run('chat.test.mjs')
  t.equal(status, 0, output)
  t.match(output, /pass 1\b/)
})

t.test('token.mjs lets a client in by its token', async (t) => {
  const { status, output } = run('token.mjs')
  t.equal(status, 0, output)
  t.equal(output.trim(), 'player 42 is in, as admin')
})

t.test('the test command that CI runs stands behind its marker', async (t) => {
  t.equal(codeBlock(readme, 'test command'), 'npm ci && npm test\n')
})
