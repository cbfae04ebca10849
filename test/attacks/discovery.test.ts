// Floods of an advertised server's discovery port, with forged senders, in simulated time.
import t from 'tap'
import { messages } from '../../attacks/messages.js'
import { strangerAttacks } from '../../attacks/strangers.js'
import { Random } from '../../lib/simulator/index.js'
import { createAddress } from '../../lib/wire/address.js'
import { DISCOVERY_QUERY_BYTES, REPLIES_PER_SECOND, REPLIES_PER_SECOND_AND_HOST, REPLY_BURST } from '../../lib/wire/limits.js'
import { PORT, World } from '../endpoint/world.js'
import { Forged, forgedHost, isForgedHost } from './forged.js'

const SECONDS = 3

/** Floods for three seconds, 64 an update, as many as one looks at. */
async function flood(name: string, victims: number) {
  const world = new World({ seed: 8 })
  const server = world.makeServer({ messages })
  await world.settle(server.listen({ port: PORT }))
  const forged = new Forged(world.network.transport(), isForgedHost)
  await world.settle(server.advertise({ name: 'x'.repeat(64), info: 'y'.repeat(250), transport: forged.transport }))
  const attack = strangerAttacks.find((other) => other.name === name)!
  const context = {
    random: new Random(3),
    server: createAddress('10.0.0.1', PORT),
    game: 'tickwire',
    unixSeconds: world.clock.unixSeconds(),
    privateKey: new Uint8Array(32),
  }
  for (let update = 0; update < SECONDS * 60; update++) {
    for (let i = 0; i < 64; i++) {
      const n = update * 64 + i
      forged.push(attack.make(n, context), forgedHost(n % victims), 4000, world.clock.now())
    }
    await world.step(1000 / 60)
  }
  return forged
}

t.test('queries with forged senders: no reply is larger than its query, and each victim gets few', async (t) => {
  const many = await flood('discovery queries with forged senders', 1000)
  t.ok(Math.max(...many.largestOutTo.values()) <= DISCOVERY_QUERY_BYTES, 'the largest name and info that there are')
  t.ok(many.datagramsOut > 0 && many.datagramsOut <= REPLIES_PER_SECOND * (SECONDS + 1), `${many.datagramsOut} of ${many.datagramsIn}`)
  const one = await flood('discovery queries with forged senders', 1)
  t.ok(
    one.datagramsOut > 0 && one.datagramsOut <= REPLY_BURST + REPLIES_PER_SECOND_AND_HOST * SECONDS + 1,
    `${one.datagramsOut} to one victim`,
  )
  t.ok(one.bytesOut / one.bytesIn < 0.05)
})

t.test('junk at the discovery port is answered by nothing', async (t) => {
  const { datagramsIn, datagramsOut } = await flood('discovery junk', 1000)
  t.ok(datagramsIn > 10_000)
  t.equal(datagramsOut, 0)
})
