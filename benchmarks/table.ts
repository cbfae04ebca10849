// Tables, as text and as markdown. Columns of numbers stand right.

/** The first row of names, a rule, the rows. */
export function renderTable(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (isNumeric(rows, i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [line(names), widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)].join('\n')
}

export function renderMarkdown(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(names), `|${names.map((_, i) => (isNumeric(rows, i) ? '--:' : '---')).join('|')}|`, ...rows.map(line)].join('\n')
}

function isNumeric(rows: readonly (readonly string[])[], column: number): boolean {
  return rows.every((row) => /^[-\d.,% ]*$/.test(row[column] ?? ''))
}
