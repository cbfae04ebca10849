// Texts as the commands print them: tables, numbers, colours, and what came from the network made harmless. Pure functions.

import { stripVTControlCharacters } from 'node:util'

/** One meaning each: good, to be looked at, broken, beside the point, a heading. */
export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold'

const CODES: Readonly<Record<Colour, readonly [on: number, off: number]>> = {
  green: [32, 39],
  yellow: [33, 39],
  red: [31, 39],
  dim: [2, 22],
  bold: [1, 22],
}

export function paint(colour: Colour, text: string): string {
  const [on, off] = CODES[colour]
  return `\x1b[${on}m${text}\x1b[${off}m`
}

/** Pads each cell to its column's width; the last is left as it is. Numbers in columns that are `right` end at one edge. */
export function row(cells: readonly string[], widths: readonly number[], right: readonly number[] = []): string {
  return cells
    .map((cell, i) => {
      const width = i === cells.length - 1 && !right.includes(i) ? 0 : (widths[i] ?? 0)
      return right.includes(i) ? cell.padStart(width) : cell.padEnd(width)
    })
    .join('  ')
    .trimEnd()
}

/** Breaks lines at spaces where they are wider than a terminal; what is broken goes on below its column. Colours take no room. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width))
    .join('\n')
}

function wrapLine(line: string, width: number): string {
  if (widthOf(line) <= width) return line
  const indent = columnOf(line, width / 2)
  const lines: string[] = []
  let current = ''
  // Spaces stay with the word before them, so that columns keep their place.
  for (const word of line.match(/\s*\S+\s*/g) ?? []) {
    if (current.trim() !== '' && widthOf(current + word.trimEnd()) > width) {
      lines.push(current.trimEnd())
      current = ' '.repeat(indent)
    }
    current += word
  }
  return [...lines, current.trimEnd()].join('\n')
}

/** Where the last column begins that begins in the first `most` characters. */
function columnOf(line: string, most: number): number {
  let column = 0
  for (const gap of stripVTControlCharacters(line).matchAll(/(?:^|\S)(\s{2,})(?=\S)/g)) {
    const end = gap.index + gap[0].length
    if (end <= most) column = end
  }
  return column
}

function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length
}

/** Milliseconds with three digits that count, as in 0.42, 3.14, 27.2, 150. */
export function milliseconds(ms: number): string {
  if (ms < 10) return ms.toFixed(2)
  return ms < 100 ? ms.toFixed(1) : ms.toFixed(0)
}

/** Texts of the network could move the cursor or change colours: control characters and marks of direction are shown as `�`. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
}

/** A text cut to so many characters, with an ellipsis where something was cut. */
export function shorten(text: string, most: number): string {
  const characters = [...text]
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}

/** Any value that MessagePack carries, as JSON in one line. */
export function oneLine(value: unknown): string {
  return value === undefined ? '' : harmless(JSON.stringify(value, jsonValue) ?? '')
}

/** For `JSON.stringify`: what JSON has no form for. Bytes become base64; node's Buffer has made something else of itself before it is asked here, so the holder is looked at. */
export function jsonValue(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Readonly<Record<string, unknown>>)[key] // JSON.stringify calls it on the holder
  if (original instanceof Uint8Array) return Buffer.from(original).toString('base64')
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Map ? Object.fromEntries(value) : value
}
