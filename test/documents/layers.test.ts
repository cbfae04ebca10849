// The rules that keep side effects in lib/io and imports pointing downward are lint rules: this shows that they bite.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'

const biome = join(dirname(createRequire(import.meta.url).resolve('@biomejs/biome/package.json')), 'bin/biome')

/** What may not stand in a sans-IO folder. */
const sideEffects = [
  'export const x = Date.now()',
  'export const x = performance.now()',
  'setTimeout(() => {}, 1)',
  'export const x = Math.random()',
  'export const x = Buffer.alloc(1)',
  'export const x = process.pid',
  "import { createSocket } from 'node:dgram'\nexport const x = createSocket",
]

const upward = [
  ['io', '../wire/varint.js'],
  ['wire', '../protocol/path.js'],
  ['protocol', '../netcode/packet.js'],
  ['protocol', '../io/clock.js'],
  ['protocol', 'mitt'],
  ['netcode', '../messages/index.js'],
  ['messages', '../endpoint/client.js'],
  ['messages', '../sessions/requests.js'],
  ['sessions', '../endpoint/client.js'],
  ['sessions', '../protocol/connection.js'],
  ['endpoint', '../simulator/index.js'],
] as const

const downward = [
  ['wire', './varint.js'],
  ['protocol', '../wire/varint.js'],
  ['netcode', '../io/crypto.js'],
  ['messages', 'msgpackr'],
  ['sessions', '../messages/index.js'],
  ['endpoint', '../protocol/connection.js'],
  ['endpoint', '../sessions/requests.js'],
] as const

/** Lints one-file sources in a project that has this project's configuration. Returns the paths that were complained of. */
function complaints(folder: string, sources: readonly { path: string; source: string }[]): Set<string> {
  cpSync('biome.json', join(folder, 'biome.json'))
  cpSync('scripts/lint', join(folder, 'scripts/lint'), { recursive: true })
  for (const { path, source } of sources) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), `${source}\n`)
  }
  const { stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', '--max-diagnostics=none', 'lib'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const rules = /^(lib\/\S+\.ts):\d+:\d+ (lint\/style\/noRestricted(?:Globals|Imports)|plugin)/gm
  return new Set([...(stdout + stderr).matchAll(rules)].map((match) => match[1]!))
}

t.test('no side effects in the sans-IO folders, and imports point downward only', async (t) => {
  const folders = ['wire', 'protocol', 'netcode', 'messages', 'sessions']
  const bad = [
    ...folders.flatMap((folder) => sideEffects.map((source, i) => ({ path: `lib/${folder}/effect-${i}.ts`, source }))),
    ...upward.map(([folder, module], i) => ({
      path: `lib/${folder}/upward-${i}.ts`,
      source: `import { x } from '${module}'\nexport const y = x`,
    })),
  ]
  const good = [
    ...folders.map((folder) => ({ path: `lib/${folder}/harmless.ts`, source: 'export const x = Math.max(1, 2)' })),
    ...downward.map(([folder, module], i) => ({
      path: `lib/${folder}/downward-${i}.ts`,
      source: `import { x } from '${module}'\nexport const y = x`,
    })),
  ]
  const complained = complaints(t.testdir(), [...bad, ...good])
  for (const { path, source } of bad) t.ok(complained.has(path), `${path} is refused: ${source.split('\n')[0]}`)
  for (const { path, source } of good) t.notOk(complained.has(path), `${path} passes: ${source.split('\n')[0]}`)
})
