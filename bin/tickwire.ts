#!/usr/bin/env node
// `npx tickwire <command>`: the command line of this process.
import { runCommandLine } from './command-line.js'
import { Terminal } from './terminal.js'

process.stdout.on('error', () => process.exit(1)) // nobody reads on: `| head`
const exitCode = await runCommandLine(process.argv.slice(2), new Terminal(process.stdout, process.stderr))
// What a command of its own world (demo, bench) has set stays.
if (exitCode !== undefined) process.exitCode = exitCode
