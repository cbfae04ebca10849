// Charts as SVG: bars in groups, and lines. Colours that can be told apart on white and on black; text takes the reader's own.

export interface BarChart {
  readonly kind: 'bars'
  /** Distinguishes the charts of one scenario in file names. */
  readonly name: string
  readonly title: string
  readonly unit: string
  /** Each group has a scale of its own, from 0. */
  readonly groups: readonly { readonly label: string; readonly bars: readonly Bar[] }[]
}

export interface Bar {
  readonly name: string
  readonly value: number
}

export interface LineChart {
  readonly kind: 'lines'
  readonly name: string
  readonly title: string
  /** What stands at the horizontal axis, evenly spaced. */
  readonly x: { readonly label: string; readonly ticks: readonly string[] }
  readonly unit: string
  /** One value for each tick. */
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[]
}

export type Chart = BarChart | LineChart

const COLOURS = ['#2f7ed8', '#e8842c', '#3a9d5d', '#b8529f', '#8a8f98', '#c9a227', '#d64f4f', '#4fb0b8']

const WIDTH = 760
const LABEL_WIDTH = 190
const BAR_HEIGHT = 18
const GROUP_GAP = 30
const PLOT_HEIGHT = 300

export function renderChart(chart: Chart): string {
  return chart.kind === 'bars' ? renderBars(chart) : renderLines(chart)
}

function renderBars(chart: BarChart): string {
  // In one order whoever was the fastest, so that a name has its colour.
  const names = [...new Set(chart.groups.flatMap((group) => group.bars.map((bar) => bar.name)))].sort()
  const parts: string[] = []
  let y = 52
  for (const { label, bars } of chart.groups) {
    parts.push(text(16, y + 12, label, 'bold'))
    y += GROUP_GAP - 8
    const max = Math.max(...bars.map((bar) => bar.value), Number.MIN_VALUE)
    for (const { name, value } of bars) {
      const width = Math.max(1, (value / max) * (WIDTH - LABEL_WIDTH - 130))
      parts.push(text(LABEL_WIDTH - 8, y + 13, name, 'end'))
      parts.push(
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 4}" rx="2" fill="${colour(names, name)}"/>`,
      )
      parts.push(text(LABEL_WIDTH + width + 6, y + 12, axisNumber(value)))
      y += BAR_HEIGHT
    }
    y += 14
  }
  return svg(y + 8, `${chart.title} (${chart.unit})`, parts)
}

function renderLines(chart: LineChart): string {
  const [left, top, right, bottom] = [64, 56, WIDTH - 24, 56 + PLOT_HEIGHT]
  const step = niceStep(Math.max(...chart.lines.flatMap((line) => line.values), Number.MIN_VALUE) / 5)
  const max = step * Math.ceil(Math.max(...chart.lines.flatMap((line) => line.values), step) / step)
  const xOf = (index: number): number => left + (chart.x.ticks.length < 2 ? 0 : (index / (chart.x.ticks.length - 1)) * (right - left))
  const yOf = (value: number): number => bottom - (value / max) * (bottom - top)
  const parts: string[] = []
  for (let value = 0; value <= max + step / 2; value += step) {
    parts.push(`<line class="grid" x1="${left}" x2="${right}" y1="${yOf(value).toFixed(1)}" y2="${yOf(value).toFixed(1)}"/>`)
    parts.push(text(left - 8, yOf(value) + 4, axisNumber(value), 'end'))
  }
  for (const [i, tick] of chart.x.ticks.entries()) parts.push(text(xOf(i), bottom + 18, tick, 'middle'))
  parts.push(text((left + right) / 2, bottom + 38, chart.x.label, 'middle'))
  for (const [i, { name, values }] of chart.lines.entries()) {
    const stroke = COLOURS[i % COLOURS.length]!
    const points = values.map((value, x) => `${xOf(x).toFixed(1)},${yOf(value).toFixed(1)}`)
    parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke="${stroke}" stroke-width="2"/>`)
    for (const point of points) parts.push(`<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="3" fill="${stroke}"/>`)
    const y = bottom + 58 + Math.floor(i / 2) * 20
    const x = left + (i % 2) * 340
    parts.push(`<rect x="${x}" y="${y - 9}" width="18" height="10" rx="2" fill="${stroke}"/>`, text(x + 26, y, name))
  }
  return svg(bottom + 68 + Math.ceil(chart.lines.length / 2) * 20, `${chart.title} (${chart.unit})`, parts)
}

function svg(height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${Math.ceil(height)}" role="img" aria-label="${escapeXml(title)}">
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .bold { font-weight: 600 } .end { text-anchor: end } .middle { text-anchor: middle } .title { font-size: 16px; font-weight: 600 }
  .back { fill: #ffffff } .grid { stroke: #8a8f98; stroke-opacity: 0.35 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .back { fill: #0d1117 } }
</style>
<rect class="back" width="100%" height="100%"/>
${text(16, 28, title, 'title')}
${parts.join('\n')}
</svg>
`
}

function text(x: number, y: number, content: string, style = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${style === '' ? '' : ` class="${style}"`}>${escapeXml(content)}</text>`
}

function colour(names: readonly string[], name: string): string {
  return COLOURS[names.indexOf(name) % COLOURS.length]!
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power
}

function axisNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
