// Reads the project's documents as a test sees them: sections between markers, code blocks, and tables.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The project's folder: the compiled tests lie in dist…/test/documents. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

export function readDocument(path: string): string {
  return readFileSync(root + path, 'utf8')
}

/** The code block behind `<!-- marker -->`. Throws where there is none. */
export function codeBlock(document: string, marker: string): string {
  const at = document.indexOf(`<!-- ${marker} -->`)
  const block = /^```\w*\n([\s\S]*?)^```$/m.exec(document.slice(at))
  if (at < 0 || block === null) throw new Error(`expected a code block behind <!-- ${marker} -->, found none`)
  return block[1]!
}

/** The rows of every table with these column titles (the first ones of it), without backticks. Throws where there is no such table. */
export function tableRows(document: string, ...titles: readonly string[]): string[][] {
  const lines = document.split('\n')
  const rows: string[][] = []
  let isFound = false
  for (let i = 0; i < lines.length; i++) {
    if (!titles.every((title, column) => cells(lines[i]!)[column] === title)) continue
    isFound = true
    for (i += 2; lines[i]?.startsWith('|'); i++) rows.push(cells(lines[i]!))
  }
  if (!isFound) throw new Error(`expected a table with the columns ${titles.join(', ')}, found none`)
  return rows
}

function cells(line: string): string[] {
  if (!line.startsWith('|')) return []
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.replaceAll('`', '').trim())
}

/** The bytes of a commented hex dump: of each line, what stands before the first two spaces that follow hex digits. */
export function hexDump(block: string): Uint8Array {
  const digits = block
    .split('\n')
    .map((line) => /^((?:[0-9a-f]{2} ?)*)(?: |$)/.exec(line)?.[1] ?? '')
    .join('')
  return Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'))
}
