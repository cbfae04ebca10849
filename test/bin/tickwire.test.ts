// The command line as a whole: help, versions, mistakes.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { runCli, runProcess } from './run-cli.js'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }

t.test('--help names every command, and each command has a help of its own with its exit codes', async (t) => {
  const commands = ['discover', 'ping', 'token', 'doctor', 'demo', 'bench']
  const [whole, none, ...each] = await Promise.all([
    runCli(['--help']),
    runCli([]),
    ...commands.slice(0, 4).map((name) => runCli([name, '--help'])),
  ])
  t.equal(whole!.code, 0)
  for (const name of commands) t.match(whole!.stdout, new RegExp(`^  ${name} `, 'm'))
  t.match(none, { code: 2, stdout: '', stderr: whole!.stdout.trim() }, 'without a command, the help goes to standard error')
  for (const { code, stdout } of each) {
    t.equal(code, 0)
    t.match(stdout, /^tickwire \w+/)
    t.match(stdout, /Exit codes: 0 .*2 wrong usage/s)
  }
})

t.test('--version is that of the package', async (t) => {
  t.match(await runProcess(['--version']), { code: 0, stdout: `${version}\n` })
})

t.test('a mistake is wrong usage: it says what was meant, and where the help is', async (t) => {
  const [command, option, positional, number] = await Promise.all([
    runCli(['pign', '127.0.0.1:9']),
    runCli(['discover', '--gmae', 'arena']),
    runCli(['ping', 'no-port']),
    runCli(['ping', '127.0.0.1:9', '--count', 'many']),
  ])
  t.match(command, { code: 2, stdout: '', stderr: /no command "pign"; did you mean ping\?\nSee tickwire --help/ })
  t.match(option, { code: 2, stderr: /no option --gmae; did you mean --game\?\nSee tickwire discover --help/ })
  t.match(positional, { code: 2, stderr: /expected <host:port>.*got "no-port"/ })
  t.match(number, { code: 2, stderr: /--count expected a number from 0 to 1000000, got "many"/ })
})

t.test('demo and bench hand on their arguments, output and exit code', async (t) => {
  const [help, wrong] = await Promise.all([runProcess(['demo', '--help']), runProcess(['bench', '--runs', 'none'])])
  t.match(help, { code: 0, stdout: /--help/ })
  t.match(wrong, { code: 2, stderr: /--runs expected 1 to 100, got none/ })
})
