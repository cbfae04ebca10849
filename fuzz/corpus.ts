// The inputs of a target that are kept: one file each, named by its content, in fuzz/corpus/<target>.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** From dist/fuzz to the project. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
export const CORPUS = join(PROJECT, 'fuzz', 'corpus')

/** Files of inputs that once broke something: never removed by minimising. Their names say what it was. */
const KEPT = 'regress-'

export function readCorpus(target: string, folder = CORPUS): Uint8Array[] {
  const path = join(folder, target)
  if (!existsSync(path)) return []
  return readdirSync(path)
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(path, name))))
}

/** Makes the folder hold these inputs, and what broke something once. */
export function writeCorpus(target: string, inputs: readonly Uint8Array[], folder = CORPUS): void {
  const path = join(folder, target)
  mkdirSync(path, { recursive: true })
  const kept = readdirSync(path).filter((name) => name.startsWith(KEPT))
  const known = new Set(kept.map((name) => hashOf(readFileSync(join(path, name)))))
  const names = new Map(inputs.map((input) => [hashOf(input), input]))
  for (const name of readdirSync(path)) if (!name.startsWith(KEPT) && !names.has(name)) unlinkSync(join(path, name))
  for (const [name, input] of names) if (!known.has(name)) writeFileSync(join(path, name), input)
}

export function hashOf(input: Uint8Array): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 12)
}
