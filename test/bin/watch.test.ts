import t from 'tap'
import { foundHeading, foundRow, hostAndPort } from '../../bin/found-table.js'
import { Watch } from '../../bin/watch.js'
import { encodeData } from '../../lib/endpoint/control-messages.js'
import { MODE_NEEDS_TOKEN } from '../../lib/endpoint/discovery-messages.js'
import { FoundServer } from '../../lib/endpoint/found-server.js'

interface Seen {
  readonly id?: number
  readonly name?: string
  readonly players?: number
  readonly latency?: number
  readonly info?: unknown
  readonly needsToken?: boolean
}

function found({ id = 1, name = 'Ada', players = 0, latency = 1, info, needsToken = false }: Seen = {}): FoundServer {
  const reply = {
    nonceLow: 0,
    nonceHigh: 0,
    idLow: id,
    idHigh: 0,
    fingerprintLow: 1,
    fingerprintHigh: 2,
    modes: needsToken ? MODE_NEEDS_TOKEN : 0,
    host: '',
    port: 9000,
    players,
    maxPlayers: 8,
    waitedMs: 0,
    game: 'arena',
    name,
    info: encodeData(info, 256),
  }
  return new FoundServer(reply, '192.168.1.7', latency)
}

t.test('a server is new once, changes when what it tells changes, and not with its latency', async (t) => {
  const watch = new Watch(2)
  t.match(watch.take(found()), [{ change: 'new' }])
  t.strictSame(watch.take(found({ latency: 5 })), [])
  t.match(watch.take(found({ players: 1 })), [{ change: 'changed', found: { players: 1 } }])
  t.match(watch.take(found({ id: 2 })), [{ change: 'new' }], 'another of the same name')
})

t.test('it is gone after two looks in a row without it, and new when it comes back', async (t) => {
  const watch = new Watch(2)
  watch.take(found())
  t.strictSame(watch.endLook(), [])
  t.strictSame(watch.endLook(), [], 'one datagram may be lost')
  watch.take(found())
  t.strictSame(watch.endLook(), [])
  t.strictSame(watch.endLook(), [])
  t.match(watch.endLook(), [{ change: 'gone' }])
  t.strictSame(watch.endLook(), [])
  t.match(watch.take(found()), [{ change: 'new' }])
})

t.test('a row stands below its heading, whatever a server calls itself', async (t) => {
  const heading = foundHeading()
  const line = foundRow(found({ name: `\x1b[2J${'long '.repeat(20)}`, players: 3, info: { map: 'canyon' }, needsToken: true }))
  t.notMatch(line, '\x1b')
  t.equal(line.indexOf('arena'), heading.indexOf('game'))
  t.equal(line.indexOf('192.168.1.7:9000'), heading.indexOf('address'))
  t.equal(line.indexOf('3/8') + 3, heading.indexOf('players') + 'players'.length)
  t.match(line, /1\.00 ms {2}yes {4}\{"map":"canyon"\}$/)
})

t.test('an IPv6 address stands in brackets, as ping takes it', async (t) => {
  t.equal(hostAndPort('::1', 9), '[::1]:9')
  t.equal(hostAndPort('127.0.0.1', 9), '127.0.0.1:9')
})
