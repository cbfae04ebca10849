import t from 'tap'
import { Accounts } from '../../examples/tokens/accounts.js'
import { openBackend, readLogin } from '../../examples/tokens/backend.js'
import { login } from '../../examples/tokens/client.js'
import { readTokenData, writeTokenData } from '../../examples/tokens/messages.js'
import { exampleFile, isGroupAlive, startExample } from './run-example.js'

t.test('who has logged in gets in once, and nobody else does', async (t) => {
  const { pid, ended } = startExample(exampleFile('tokens/tokens.js'))
  const { code, stdout, stderr } = await ended
  t.equal(code, 0, stdout)
  t.match(stdout, 'backend: ada has a token of 2048 bytes\ngame server: account 1, ada, is in as admin\nclient: welcome, ada\n')
  for (const line of [
    /^a wrong password: BAD_TOKEN, .*the backend said 401: wrong name or password$/m,
    /^an unknown name: BAD_TOKEN, .*the backend said 401: wrong name or password$/m,
    /^a token that was used before: TIMEOUT, no answer/m,
    /^a token of another key: TIMEOUT, no answer/m,
    /^no token: TIMEOUT, no answer/m,
    /^a token that has expired: TOKEN_EXPIRED, /m,
    /^game server: ignored [1-9]\d* requests with a used token and [1-9]\d* with a wrong key or none$/m,
  ]) {
    t.match(stdout, line)
  }
  t.match(stderr, /could not be opened/, 'the server warns of its likely cause')
  t.match(stderr, /used a second time/)
  t.notOk(isGroupAlive(pid))
})

t.test('accounts know their passwords', async (t) => {
  const accounts = new Accounts()
  await accounts.add('ada', 'correct horse', 'admin')
  await accounts.add('bob', 'correct horse', 'player')
  t.match(await accounts.check('ada', 'correct horse'), { id: 1n, name: 'ada', role: 'admin' })
  t.match(await accounts.check('bob', 'correct horse'), { id: 2n, role: 'player' })
  t.equal(await accounts.check('ada', 'wrong horse'), undefined)
  t.equal(await accounts.check('mallory', 'correct horse'), undefined)
})

t.test('the backend says what is wrong with a request, and ends guessing', async (t) => {
  const accounts = new Accounts()
  await accounts.add('ada', 'correct horse', 'admin')
  const backend = await openBackend({ accounts, privateKey: new Uint8Array(32), gameServers: ['127.0.0.1:9000'] })
  t.teardown(() => backend.close())
  const post = async (body: string, path = '/login'): Promise<number> => {
    const response = await fetch(`${backend.url}${path}`, { method: 'POST', body, headers: { connection: 'close' } })
    await response.arrayBuffer()
    return response.status
  }
  t.equal(await post('{}', '/'), 404)
  t.equal(await post('no JSON'), 400)
  t.equal(await post(`{"name":"ada","password":"${'x'.repeat(2000)}"}`), 400)
  t.equal((await login(backend.url, 'ada', 'correct horse')).length, 2048)
  for (let n = 0; n < 10; n++) t.equal(await post('{"name":"ada","password":"guess"}'), 401)
  t.equal(await post('{"name":"ada","password":"guess"}'), 429)
  await t.rejects(login(backend.url, 'ada', 'correct horse'), { message: 'the backend said 429: too many wrong passwords: wait a minute' })
})

t.test('logins are looked at before use', async (t) => {
  t.strictSame(readLogin('{"name":"ada","password":"x","more":1}'), { name: 'ada', password: 'x' })
  for (const body of [undefined, '', 'null', '[]', '{"name":"ada"}', '{"name":1,"password":"x"}'])
    t.equal(readLogin(body), undefined, `${body}`)
})

t.test('what the backend writes the game server reads', async (t) => {
  const data = { name: 'Žofie', role: 'player' }
  const padded = new Uint8Array(256)
  padded.set(writeTokenData(data))
  t.strictSame(readTokenData(padded), data)
})
