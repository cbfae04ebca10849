// Discovery between machines: two network namespaces that this test makes, joined by veth pairs (namespaces.ts). Needs Linux, root and iproute2; skipped elsewhere.
import t from 'tap'
import type { ServerTask, Told } from './actor.js'
import { Lan, whyNoNamespaces } from './namespaces.js'

const why = whyNoNamespaces()
if (why !== undefined) t.pass(why, { skip: why })
else await testLan(new Lan())

async function testLan(lan: Lan): Promise<void> {
  t.teardown(() => lan.remove())
  t.afterEach(() => lan.clear())
  const serve = (...servers: readonly ServerTask[]): Promise<readonly number[]> => lan.start('a', { role: 'serve', servers }).tells()
  const names = (found: readonly Told[]): string[] => found.map(({ name }) => name).sort()

  await t.test('a server is found by broadcast from the other machine, joined, and answers', async (t) => {
    await serve({ name: 'Ada’s game' })
    const joined = await lan.ask<{ echoed: string; host: string; latency: number }>('b', {
      role: 'join',
      options: { timeoutMs: 20_000 },
      text: 'across',
    })
    t.equal(joined.echoed, 'across')
    t.match(joined.host, /^10\.7[78]\.0\.1$/)
    t.ok(joined.latency >= 0, `${joined.latency} ms`)
  })

  await t.test('three servers of one machine are all found from the other, and from itself', async (t) => {
    const ports = await serve({ name: 'one' }, { name: 'two' }, { name: 'three' })
    t.strictSame(ports, [23_600, 23_601, 23_602])
    for (const side of ['b', 'a'] as const) {
      const found = await lan.ask<Told[]>(side, { role: 'search', options: { timeoutMs: 20_000 }, count: 3 })
      t.strictSame(names(found), ['one', 'three', 'two'], `from ${side}`)
    }
  })

  await t.test('each once, by however many ways it can be reached', async (t) => {
    await serve({ name: 'one' }, { name: 'other game', game: 'chess' })
    t.strictSame(names(await lan.ask<Told[]>('b', { role: 'search', options: { timeoutMs: 1500 } })), ['one'])
  })

  await t.test('a server on loopback is found on its own machine only, and its port may be 127.0.0.1 of both', async (t) => {
    await serve({ name: 'at home', host: '127.0.0.1' })
    for (const interfaces of ['all', 'loopback'] as const) {
      const found = await lan.ask<Told[]>('a', { role: 'search', options: { interfaces, timeoutMs: 20_000 }, count: 1 })
      t.match(found, [{ name: 'at home', host: '127.0.0.1' }], interfaces)
    }
    const addresses = ['10.77.0.1']
    t.strictSame(await lan.ask('b', { role: 'search', options: { addresses, timeoutMs: 1000 } }), [])
  })

  await t.test('interfaces by name or address choose the network', async (t) => {
    await serve({ name: 'both' })
    for (const [chosen, host] of [
      ['tw0', '10.77.0.1'],
      ['10.77.0.2', '10.77.0.1'],
      ['tw1', '10.78.0.1'],
      ['10.78.0.2', '10.78.0.1'],
    ] as const) {
      const found = await lan.ask<Told[]>('b', { role: 'search', options: { interfaces: [chosen], timeoutMs: 20_000 }, count: 1 })
      t.match(found, [{ name: 'both', host }], chosen)
    }
    for (const interfaces of ['loopback', [], ['lo']] as const)
      t.strictSame(await lan.ask('b', { role: 'search', options: { interfaces, timeoutMs: 700 } }), [], JSON.stringify(interfaces))
    await t.rejects(lan.ask('b', { role: 'search', options: { interfaces: ['eth9'] } }), {
      message: /expected some of lo, tw0, tw1.*got eth9/,
    })
  })

  await t.test('a server at one address is found by the other network, and says where it listens', async (t) => {
    await serve({ name: 'picky', host: '10.78.0.1' })
    const found = await lan.ask<Told[]>('b', { role: 'search', options: { interfaces: ['tw0'], timeoutMs: 20_000 }, count: 1 })
    t.match(found, [{ name: 'picky', host: '10.78.0.1' }])
  })

  await t.test('given addresses are asked where no broadcast goes', async (t) => {
    await serve({ name: 'first' }, { name: 'second' })
    const interfaces = 'loopback'
    const all = await lan.ask<Told[]>('b', {
      role: 'search',
      options: { interfaces, addresses: ['10.77.0.1'], timeoutMs: 20_000 },
      count: 2,
    })
    t.strictSame(names(all), ['first', 'second'])
    const one = await lan.ask<Told[]>('b', { role: 'search', options: { interfaces, addresses: ['10.77.0.1:23601'], timeoutMs: 1500 } })
    t.strictSame(names(one), ['second'])
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
      const options = { interfaces: 'loopback', addresses: [address], timeoutMs: 20_000 } as const
      const joined = await lan.ask<{ echoed: string; host: string }>('b', { role: 'join', options, text: address })
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
    const players = [
      lan.start('a', { role: 'play', name: 'ada' }),
      lan.start('b', { role: 'play', name: 'bob' }),
      lan.start('b', { role: 'play', name: 'cyd' }),
    ]
    const outcomes = await Promise.all(players.map((player) => player.tells<{ isHost: boolean; server: string }>()))
    t.equal(outcomes.filter(({ isHost }) => isHost).length, 1, JSON.stringify(outcomes))
    t.match(await lan.ask<Told[]>('b', { role: 'search', options: { timeoutMs: 1500 } }), [{ players: 3 }])
  })

  await t.test('without any network a search ends in time, and finds nothing', async (t) => {
    t.strictSame(await lan.ask('lonely', { role: 'search', options: { timeoutMs: 500 } }), [])
  })
}
