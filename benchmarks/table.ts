/** A table of text: the first row of names, a rule, the rows. Columns of numbers stand right. */
export function renderTable(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const isNumber = names.map((_, i) => rows.every((row) => /^[\d.,% ]*$/.test(row[i] ?? '')))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [line(names), widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)].join('\n')
}
