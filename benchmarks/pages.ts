// What `--out` writes into a folder: for each scenario its figures (JSON), tables (markdown) and charts (SVG), and README.md, which is made anew of all that lies there.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderChart } from './chart.js'
import { type Machine, machineLine } from './machine.js'
import { type Report, type Scenario, targetLine } from './scenario.js'
import { renderMarkdown } from './table.js'

/** One scenario's figures and where they come from. */
export interface Measured {
  readonly scenario: string
  readonly date: string
  readonly command: string
  readonly machine: Machine
  readonly runs: number
  readonly report: Report
}

export function writePages(folder: string, scenarios: readonly Scenario[], measured: readonly Measured[]): void {
  mkdirSync(folder, { recursive: true })
  for (const one of measured) {
    writeFileSync(join(folder, `${one.scenario}.json`), `${JSON.stringify(one, null, 2)}\n`)
    writeFileSync(join(folder, `${one.scenario}.md`), scenarioPage(scenarios.find(({ name }) => name === one.scenario)!, one))
    for (const chart of one.report.charts) writeFileSync(join(folder, chartFile(one.scenario, chart.name)), renderChart(chart))
  }
  writeFileSync(join(folder, 'README.md'), overview(folder, scenarios))
}

function overview(folder: string, scenarios: readonly Scenario[]): string {
  const found = scenarios.map((scenario) => ({ scenario, one: readMeasured(folder, scenario.name) }))
  const machines = new Set(found.flatMap(({ one }) => (one === undefined ? [] : [machineLine(one.machine)])))
  return `# Benchmarks

This page is written by \`npm run bench -- all --out docs/benchmarks\`; \`npm run bench -- --help\` says what else it takes. Each scenario can be measured alone, and its page says with which command and when it was.

Everything runs on loopback (127.0.0.1) or in simulated time. tickwire seals every packet; ENet, ws, socket.io, udx-native and the raw sockets do not. All peers of a table were measured in the same run: in every round each peer has its turn, and the median of the rounds counts. Compare ratios, not digits: another machine, or another hour, has other digits.

Where something was asked of a figure, the line under its table says what; "missed" where it does not hold.

${machines.size === 0 ? 'Nothing has been measured into this folder yet.' : `Machine: ${[...machines].join('; ')}.`}

${found.map(({ scenario, one }) => overviewSection(scenario, one)).join('\n')}`
}

function overviewSection(scenario: Scenario, one: Measured | undefined): string {
  const heading = `## ${capitalized(scenario.title)}\n\n${scenario.method}\n`
  if (one === undefined) return `${heading}\nNot measured yet: \`npm run bench -- ${scenario.name} --out docs/benchmarks\`.\n`
  const charts = one.report.charts.map((chart) => `![${chart.title}](${chartFile(scenario.name, chart.name)})\n`)
  return `${heading}\n${[...charts, targetList(one.report)].filter((part) => part !== '').join('\n')}\nTables: [${scenario.name}.md](${scenario.name}.md). Figures: [${scenario.name}.json](${scenario.name}.json).\n`
}

function scenarioPage(scenario: Scenario, one: Measured): string {
  const tables = one.report.tables.map(
    ({ title, columns, rows }) => `${title === undefined ? '' : `## ${title}\n\n`}${renderMarkdown(columns, rows)}\n`,
  )
  return `# ${capitalized(scenario.title)}

${scenario.method}

\`${one.command}\`, ${one.date.slice(0, 10)}, --runs ${one.runs}. ${machineLine(one.machine)}.

${[...tables, targetList(one.report)].filter((part) => part !== '').join('\n')}`
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function targetList(report: Report): string {
  return report.targets.map((target) => `- ${targetLine(target)}\n`).join('')
}

function chartFile(scenario: string, name: string): string {
  return name === '' ? `${scenario}.svg` : `${scenario}-${name}.svg`
}

function readMeasured(folder: string, name: string): Measured | undefined {
  const file = join(folder, `${name}.json`)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Measured) : undefined
}
