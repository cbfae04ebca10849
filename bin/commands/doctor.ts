// `tickwire doctor`: what tickwire uses on this system, what could be better, and what to do about it.
import { parseArgs } from 'node:util'
import { type Command, EXIT, readArguments } from '../command.js'
import { clockFindings } from '../doctor/clocks.js'
import type { Finding } from '../doctor/finding.js'
import { networkFindings } from '../doctor/network.js'
import { runtimeFindings } from '../doctor/runtime.js'
import { type Colour, row } from '../text.js'

const HELP = `tickwire doctor [--json]

Says what is in use on this system: versions, transport, crypto with its time for a packet, optional packages, socket buffers, IPv4 and IPv6, broadcast,
discovery ports, clock and timers. Each line is ok, a note (works, and could be better) or a problem, with what to do. It sends a few datagrams on loopback.

  --json     one JSON value: {"problems", "notes", "findings": [{"level", "name", "text", "advice", "data"}]}

Exit codes: 0 no problems; 1 at least one; 2 wrong usage.`

const OPTIONS = { json: { type: 'boolean' } } as const

const COLOURS: Readonly<Record<Finding['level'], Colour>> = { ok: 'green', note: 'yellow', problem: 'red' }

export const doctor: Command = {
  help: HELP,
  async run(args, terminal) {
    const { values } = readArguments(OPTIONS, () => parseArgs({ args: [...args], options: OPTIONS }))
    const findings = [...runtimeFindings(), ...(await networkFindings()), ...(await clockFindings())]
    const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length
    const problems = count('problem')
    if (values.json) terminal.printJson({ problems, notes: count('note'), findings })
    else {
      for (const { level, name, text, advice } of findings) {
        terminal.print(row([terminal.paint(COLOURS[level], level.padEnd(7)), name, text], [7, 22]))
        if (advice !== undefined) terminal.print(row(['', '', `→ ${advice}`], [7, 22]))
      }
      terminal.print(`${plural(problems, 'problem')}, ${plural(count('note'), 'note')}`)
    }
    return problems === 0 ? EXIT.fine : EXIT.notSo
  },
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
