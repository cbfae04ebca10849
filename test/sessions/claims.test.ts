// A claim is a secret: nothing that the library says, and in token mode nothing that it sends, lets anyone read it.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import t from 'tap'
import { createConnectToken, sharedSecret } from '../../lib/index.js'
import { World } from '../endpoint/world.js'
import { plainNode } from '../plain-node.js'
import { CLAIM, playClaims, WRONG_CLAIM } from './claims.js'
import { logIn, openServer, refusalOf } from './log-in.js'

t.test('no refusal, error, event or counter has the claim, or what an authenticator said of it', async (t) => {
  const { told, server } = await playClaims(new World())
  const text = inspect(told, { depth: 5, showHidden: true, maxArrayLength: null, maxStringLength: null })
  for (const secret of [CLAIM, WRONG_CLAIM, 'no account has']) t.notMatch(text, secret)
  const refusals = (told as { reason?: string; detail?: string }[]).filter((one) => one?.reason !== undefined)
  t.strictSame(new Set(refusals.map(({ reason, detail }) => `${reason}: ${detail}`)), new Set(['auth-failed: the log-in failed']))
  t.equal(refusals.length, 5)
  t.match(text, "scheme 'broken' failed: it threw RangeError;")
  t.match(text, "scheme 'thrower' failed: it threw what is no Error;")
  t.match(text, "scheme 'confused' failed: it gave no identity")
  t.equal(server.peerCount, 1)
})

t.test('the debug log tells of log-ins that failed, and not of what they claimed', async (t) => {
  const [node, args] = plainNode([fileURLToPath(new URL('claims.js', import.meta.url))])
  const output = await new Promise<string>((resolve, reject) =>
    execFile(node, args, { env: { ...process.env, TICKWIRE_DEBUG: '1' }, encoding: 'utf8' }, (error, stdout, stderr) =>
      error === null ? resolve(stdout + stderr) : reject(error),
    ),
  )
  t.ok(output.split('\n').filter((line) => line.includes('failed to log in')).length >= 5, output)
  for (const secret of [CLAIM, WRONG_CLAIM, 'no account has']) t.notMatch(output, secret)
})

t.test('in token mode no datagram shows any part of a claim', async (t) => {
  const world = new World({ unixSeconds: Math.floor(Date.now() / 1000) })
  const seen: Buffer[] = []
  world.network.onDatagram = (outcome, { bytes }) => {
    if (outcome === 'sent') seen.push(Buffer.from(bytes))
  }
  const privateKey = new Uint8Array(32).fill(5)
  const { server } = await openServer(world, { privateKey, auth: [sharedSecret(CLAIM)] })
  const tokenOf = (clientId: bigint): Uint8Array =>
    createConnectToken({ game: 'tickwire', privateKey, addresses: ['10.0.0.1:9000'], clientId })
  await logIn(world, { token: tokenOf(1n), auth: { scheme: 'secret', claim: CLAIM } })
  t.equal(await refusalOf(world, { token: tokenOf(2n), auth: { scheme: 'secret', claim: WRONG_CLAIM } }), 'auth-failed')
  t.equal(server.peerCount, 1)
  t.ok(seen.length > 10, `${seen.length} datagrams`)
  const all = Buffer.concat(seen)
  for (const secret of [CLAIM, WRONG_CLAIM]) for (let at = 0; at + 6 <= secret.length; at++) t.notOk(all.includes(secret.slice(at, at + 6)))
})
