import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { exampleFile, startExample } from './run-example.js'

const SOURCE = fileURLToPath(new URL('../../../examples/echo/echo.ts', import.meta.url))
const OUTPUT =
  /^server: ada is in\nclient: "hello, ada" came back, .*\nclient: "bye, ada" came back, and the last move was (?!0,)[\d.]+, [\d.]+\nserver: ada has left \(closed\): see you\n$/

t.test('echoes both messages, says goodbye and ends', async (t) => {
  const { code, stdout, stderr } = await startExample(exampleFile('echo/echo.js')).ended
  t.equal(code, 0)
  t.equal(stderr, '')
  t.match(stdout, OUTPUT)
})

t.test('runs as JavaScript just as it is written', async (t) => {
  const folder = t.testdir({ 'echo.mjs': readFileSync(SOURCE, 'utf8') })
  const { code, stdout, stderr } = await startExample(join(folder, 'echo.mjs')).ended
  t.equal(stderr, '')
  t.equal(code, 0)
  t.match(stdout, OUTPUT)
})
