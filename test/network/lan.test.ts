// Discovery between machines: two network namespaces that this test makes, joined by veth pairs (namespaces.ts). Needs Linux, root and iproute2; skipped elsewhere.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Joined, Played, Search, ServerTask, Told } from './actor.js'
import { Lan, type Side, whyNoNamespaces } from './namespaces.js'

/** A search that ends with what it finds may take long on a busy machine. */
const LONG_MS = 20_000

const why = whyNoNamespaces()
if (why !== undefined) t.pass(why, { skip: why })
else await testLan(new Lan())

async function testLan(lan: Lan): Promise<void> {
  t.teardown(() => lan.remove())
  t.afterEach(() => lan.clear())
  const serve = (...servers: readonly ServerTask[]): Promise<readonly number[]> => lan.ask('a', { role: 'serve', servers })
  const search = <T = Told[]>(side: Side, ...searches: readonly Search[]): Promise<T[]> => lan.ask(side, { role: 'search', searches })
  const names = (found: readonly Told[]): string[] => found.map(({ name }) => name).sort()

  await t.test('a server is found by broadcast from the other machine, joined, and answers', async (t) => {
    await serve({ name: 'Ada’s game' })
    const joined = await lan.ask<Joined>('b', { role: 'join', options: { timeoutMs: LONG_MS }, text: 'across' })
    t.equal(joined.echoed, 'across')
    t.match(joined.host, /^10\.7[78]\.0\.1$/)
    t.ok(joined.latency >= 0, `${joined.latency} ms`)
  })

  await t.test('three servers of one machine are all found from the other, and from itself', async (t) => {
    const ports = await serve({ name: 'one' }, { name: 'two' }, { name: 'three' })
    t.strictSame(ports, [23_600, 23_601, 23_602])
    for (const side of ['b', 'a'] as const) {
      const [found] = await search(side, { timeoutMs: LONG_MS, count: 3 })
      t.strictSame(names(found!), ['one', 'three', 'two'], `from ${side}`)
    }
  })

  await t.test('each once, by however many ways it can be reached, and no other game', async (t) => {
    await serve({ name: 'one' }, { name: 'other game', game: 'chess' })
    const [found] = await search('b', { timeoutMs: 1500 })
    t.strictSame(names(found!), ['one'])
  })

  await t.test('a server on loopback is found on its own machine only', async (t) => {
    await serve({ name: 'at home', host: '127.0.0.1' })
    for (const found of await search('a', { timeoutMs: LONG_MS, count: 1 }, { interfaces: 'loopback', timeoutMs: LONG_MS, count: 1 }))
      t.match(found, [{ name: 'at home', host: '127.0.0.1' }])
    t.strictSame(await search('b', { addresses: ['10.77.0.1'], timeoutMs: 1000 }), [[]])
  })

  await t.test('interfaces by name or address choose the network', async (t) => {
    await serve({ name: 'both' })
    const cases = [
      ['tw0', '10.77.0.1'],
      ['10.77.0.2', '10.77.0.1'],
      ['tw1', '10.78.0.1'],
      ['10.78.0.2', '10.78.0.1'],
    ] as const
    const found = await search('b', ...cases.map(([chosen]) => ({ interfaces: [chosen], timeoutMs: LONG_MS, count: 1 })))
    for (const [i, [chosen, host]] of cases.entries()) t.match(found[i], [{ name: 'both', host }], chosen)

    const none = (['loopback', [], ['lo']] as const).map((interfaces) => ({ interfaces, timeoutMs: 1000 }))
    t.strictSame(await search('b', ...none), [[], [], []])
    t.match(await search<string>('b', { interfaces: ['tw0', 'eth9'] }), [/expected some of lo, tw0, tw1 .*got eth9/])
  })

  await t.test('a server at one address is found by the other network, and says where it listens', async (t) => {
    await serve({ name: 'picky', host: '10.78.0.1' })
    t.match(await search('b', { interfaces: ['tw0'], timeoutMs: LONG_MS, count: 1 }), [[{ name: 'picky', host: '10.78.0.1' }]])
  })

  await t.test('given addresses are asked where no broadcast goes', async (t) => {
    await serve({ name: 'first' }, { name: 'second' })
    const [all, one] = await search(
      'b',
      { interfaces: 'loopback', addresses: ['10.77.0.1'], timeoutMs: LONG_MS, count: 2 },
      { interfaces: 'loopback', addresses: ['10.77.0.1:23601'], timeoutMs: 1500 },
    )
    t.strictSame(names(all!), ['first', 'second'])
    t.strictSame(names(one!), ['second'])
  })

  await t.test('over IPv6: an address, one with a port, and one with a zone', async (t) => {
    if (!lan.addIpv6()) return t.pass('no IPv6 here')
    await serve({ name: 'six' })
    for (const [address, host] of [
      ['fd77::1', 'fd77::1'],
      ['[fd77::1]:23600', 'fd77::1'],
      ['fe80::77:1%tw0', 'fe80::77:1%tw0'],
      ['[fe80::77:1%tw0]:23600', 'fe80::77:1%tw0'],
    ] as const) {
      const options = { interfaces: 'loopback', addresses: [address], timeoutMs: LONG_MS } as const
      const joined = await lan.ask<Joined>('b', { role: 'join', options, text: address })
      t.match(joined, { echoed: address, host }, address)
    }
    return undefined
  })

  await t.test('no reply is larger than its query', async (t) => {
    await serve(
      { name: 'n'.repeat(64), game: 'g'.repeat(64), info: 'i'.repeat(253), host: '10.77.0.1' },
      { name: 'plain' },
      { name: '', info: '' },
    )
    const { queryBytes, replyBytes } = await lan.ask<{ queryBytes: number; replyBytes: number[] }>('b', {
      role: 'measure',
      broadcast: '10.77.0.255',
      servers: 3,
    })
    t.equal(queryBytes, 512)
    t.ok(replyBytes.length >= 3)
    t.ok(Math.max(...replyBytes) <= queryBytes, `replies of ${replyBytes.join(', ')} bytes`)
    t.comment(`a query of ${queryBytes} bytes, replies of ${replyBytes.join(', ')}`)
  })

  await t.test('hostOrJoin on both machines at once: one host, whom the other joins', async (t) => {
    const [atA, atB] = await Promise.all([
      lan.ask<Played[]>('a', { role: 'play', names: ['ada'] }),
      lan.ask<Played[]>('b', { role: 'play', names: ['bob', 'cyd'] }),
    ])
    const outcomes = [...atA, ...atB]
    t.equal(outcomes.filter(({ isHost }) => isHost).length, 1, JSON.stringify(outcomes))
    t.match(await search('b', { timeoutMs: 1500 }), [[{ players: 3 }]])
  })

  await t.test('a network that comes up while a search goes on is asked too', async (t) => {
    await serve({ name: 'patient' })
    lan.setCables('b', 'down')
    const searching = search('b', { timeoutMs: LONG_MS, count: 1 })
    await sleep(300) // the search has begun
    lan.setCables('b', 'up')
    t.match(await searching, [[{ name: 'patient' }]])
  })

  await t.test('without any network a search ends in time, and finds nothing', async (t) => {
    t.strictSame(await search('lonely', { timeoutMs: 500 }), [[]])
  })

  await t.test('at the end every process ends, and none has complained', async (t) => {
    t.equal(await lan.remove(), '')
  })
}
