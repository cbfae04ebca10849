import t from 'tap'
import { Accounts } from '../../examples/login/server.js'
import type { Authenticator } from '../../lib/index.js'
import { exampleFile, isGroupAlive, startExample } from './run-example.js'

t.test('who knows the word or has an account gets in, each in its role, and an account is in once', async (t) => {
  const { pid, ended } = startExample(exampleFile('login/login.js'))
  const { code, stdout, stderr } = await ended
  t.equal(code, 0, stderr)
  t.equal(stderr, '')
  for (const line of [
    'server: ada (laptop) is in, as admin',
    'server: bob is in, as player',
    'server: eve is in, as observer',
    'mallory is refused: auth-failed, the log-in failed',
    'trudy is refused: auth-failed, the log-in failed',
    'ada (laptop) is out: replaced, the same identity logged in again',
    'account ada is ada (phone)',
    'ada (phone) hears bob: my deal',
    'bob is out: kicked, the table is closed',
  ])
    t.ok(stdout.split('\n').includes(line), line, { stdout })
  t.ok(
    stdout.indexOf('server: ada (laptop) is replaced: the same identity logged in again') < stdout.indexOf('server: ada (phone) is in'),
    'in this order',
  )
  t.notMatch(stdout, 'psst', 'an observer is heard by nobody')
  t.notOk(isGroupAlive(pid))
})

t.test('accounts know their keys', async (t) => {
  const accounts = new Accounts()
  accounts.add('key', { id: 'ada' })
  const ask = (claim: unknown) => accounts.authenticator.authenticate(claim, ...([] as unknown as RestOf))
  t.strictSame(await ask('key'), { id: 'ada' })
  for (const claim of ['Key', '', 7, undefined, ['key']]) t.equal(await ask(claim), undefined)
})

type RestOf = Parameters<Authenticator['authenticate']> extends [unknown, ...infer Rest] ? Rest : never
