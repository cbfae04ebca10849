// `tickwire token`.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConnectToken } from '../../lib/netcode/index.js'
import { runCli, runProcess } from './run-cli.js'

const MINT = ['token', 'mint', '--game', 'arena', '--address', '203.0.113.7:9000', '--address', '[::1]:9000', '--client-id', '42']

t.test('a key, a token of it, and what is in that: by files, standard output and the environment', async (t) => {
  const folder = t.testdir()
  const keyFile = join(folder, 'key')
  const tokenFile = join(folder, 'token')
  t.match(await runCli(['token', 'key', '--out', keyFile]), { code: 0, stdout: '', stderr: /written to/ })
  const key = readFileSync(keyFile, 'utf8')
  t.equal(Buffer.from(key, 'base64').length, 32)
  if (process.platform !== 'win32') t.equal(statSync(keyFile).mode & 0o777, 0o600, 'nobody else may read it')

  const [raw, printed, overwritten] = await Promise.all([
    runCli([...MINT, '--key', keyFile, '--user-data', 'account 42', '--out', tokenFile, '--format', 'raw']),
    runProcess([...MINT, '--key', 'env', '--expires', '90', '--timeout', '5'], { env: { TICKWIRE_PRIVATE_KEY: key } }),
    runCli(['token', 'key', '--out', keyFile]),
  ])
  t.equal(raw.code, 0)
  t.equal(statSync(tokenFile).size, 2048)
  const token = readConnectToken(Buffer.from(printed.stdout, 'base64'))!
  t.equal(token.timeoutSeconds, 5)
  t.equal(token.expireUnixSeconds - token.createUnixSeconds, 90n)
  t.match(token.serverAddresses, [{ host: '203.0.113.7' }, { host: '::1' }])
  t.match(overwritten, { code: 1, stderr: /exists, and is not overwritten/ })
  t.equal(readFileSync(keyFile, 'utf8'), key)

  const [opened, piped, json] = await Promise.all([
    runCli(['token', 'inspect', tokenFile, '--key', keyFile, '--game', 'arena']),
    runProcess(['token', 'inspect', '-'], { input: printed.stdout }),
    runCli(['token', 'inspect', tokenFile, '--key', keyFile, '--json']),
  ])
  t.match(opened, { code: 0, stdout: /the game "arena".*client id +42\n.*"account 42"/s })
  t.match(piped, { code: 0, stdout: /203\.0\.113\.7:9000, \[::1\]:9000/ })
  t.match(JSON.parse(json.stdout), {
    isExpired: false,
    private: { clientId: '42', userData: Buffer.from('account 42').toString('base64') },
  })
})

t.test('what cannot be read ends with 1, what cannot be done with 2, and both say why', async (t) => {
  const folder = t.testdir()
  const keyFile = join(folder, 'key')
  writeFileSync(keyFile, Buffer.alloc(32, 7))
  const tokenFile = join(folder, 'token')
  await runCli([...MINT, '--key', keyFile, '--out', tokenFile])
  writeFileSync(join(folder, 'no key'), 'no key')
  writeFileSync(join(folder, 'other'), '00'.repeat(32))
  const [wrongKey, noToken, noKey, noGame, unset, verb] = await Promise.all([
    runCli(['token', 'inspect', tokenFile, '--key', join(folder, 'other')]),
    runCli(['token', 'inspect', keyFile]),
    runCli([...MINT, '--key', join(folder, 'no key')]),
    runCli(['token', 'mint', '--key', keyFile]),
    runCli([...MINT, '--key', 'env:TICKWIRE_NO_SUCH_VARIABLE']),
    runCli(['token', 'inspcet', keyFile]),
  ])
  t.match(wrongKey, { code: 1, stdout: /does not open/, stderr: /minted with another one/ })
  t.match(noToken, { code: 1, stderr: /expected the 2048 bytes.*got 32 bytes/ })
  t.match(noKey, { code: 2, stderr: /expected 32 bytes, raw, as base64 or as 64 hex digits, got 6 bytes/ })
  t.match(noGame, { code: 2, stderr: /needs --game/ })
  t.match(unset, { code: 2, stderr: /TICKWIRE_NO_SUCH_VARIABLE, which is not set/ })
  t.match(verb, { code: 2, stderr: /did you mean inspect\?/ })
})
