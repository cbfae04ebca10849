// What `npm run bench -- --out` writes.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Chart, renderChart } from '../../benchmarks/chart.js'
import { type Measured, writePages } from '../../benchmarks/pages.js'
import { type Scenario, targetLine } from '../../benchmarks/scenario.js'
import { renderMarkdown, renderTable } from '../../benchmarks/table.js'

const bars: Chart = {
  kind: 'bars',
  name: '',
  title: 'ENet & others',
  unit: 'µs',
  groups: [{ label: '32 B', bars: [1, 0].map((value) => ({ name: `peer ${value}`, value })) }],
}
const lines: Chart = {
  kind: 'lines',
  name: 'over',
  title: 'latency',
  unit: 'ms',
  x: { label: 'loss', ticks: ['0 %', '5 %'] },
  lines: [{ name: 'mean', values: [100, 150] }],
}

function scenarioOf(name: string): Scenario {
  return { name, title: `what ${name} is`, method: `How ${name} is measured.`, seconds: 1, run: async () => measured.report }
}

const measured: Measured = {
  scenario: 'loss',
  date: '2026-01-02T03:04:05.000Z',
  command: 'npm run bench -- loss',
  machine: { cpu: 'abacus', cores: 2, system: 'linux', node: 'v20', crypto: 'none' },
  runs: 5,
  report: {
    figures: [1.5],
    tables: [{ columns: ['who', 'ms'], rows: [['tickwire', '1.5']] }],
    targets: [{ what: 'mean', value: 1.5, unit: 'ms', asked: { atMost: 1 } }],
    charts: [bars, lines],
  },
}

t.test('a target says whether it is met', async (t) => {
  t.equal(targetLine({ what: 'tickwire ÷ ENet', value: 1.62, asked: { atLeast: 1.5 } }), 'tickwire ÷ ENet = 1.62 (asked: ≥ 1.50)')
  t.equal(targetLine({ what: 'max', value: 438, unit: 'ms', asked: { atMost: 200 } }), 'max = 438 ms (asked: ≤ 200 ms, missed)')
  t.equal(targetLine({ what: 'rate', value: 12_345 }), 'rate = 12,345')
})

t.test('tables stand as text and as markdown', async (t) => {
  t.equal(renderTable(['who', 'ms'], [['a', '10']]), 'who  ms\n───────\na    10')
  t.equal(renderMarkdown(['who', 'ms'], [['a|b', '10']]), '| who | ms |\n|---|--:|\n| a\\|b | 10 |')
})

t.test('charts are SVG without a number that is none, and with their text escaped', async (t) => {
  for (const chart of [bars, lines]) {
    const svg = renderChart(chart)
    t.match(svg, /^<svg .*<\/svg>\n$/s)
    t.notMatch(svg, /NaN|Infinity|undefined/)
  }
  t.match(renderChart(bars), 'ENet &amp; others (µs)')
})

t.test('the page is made of what lies in its folder, measured now or before', async (t) => {
  const folder = t.testdir()
  const scenarios = [scenarioOf('loss'), scenarioOf('wire')]
  writePages(folder, scenarios, [measured])
  t.strictSame(readdirSync(folder).sort(), ['README.md', 'loss-over.svg', 'loss.json', 'loss.md', 'loss.svg'])
  writePages(folder, scenarios, [])
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  t.match(page, 'How loss is measured.')
  t.match(page, '![latency](loss-over.svg)')
  t.match(page, '- mean = 1.50 ms (asked: ≤ 1.00 ms, missed)')
  t.match(page, 'Machine: abacus × 2, linux, Node v20, crypto none.')
  t.match(page, 'Not measured yet: `npm run bench -- wire --out docs/benchmarks`.')
  t.match(readFileSync(join(folder, 'loss.md'), 'utf8'), '| tickwire | 1.5 |')
})
