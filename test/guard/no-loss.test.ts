// Nothing is sent twice where nothing is lost, against bounds.ts.
import t from 'tap'
import { bytes, MessageFactory } from '../../lib/index.js'
import { delay, type Stage, simulate } from '../../lib/simulator/index.js'
import { NO_LOSS } from './bounds.js'

const messages = new MessageFactory()
const Bulk = messages.define('Bulk', { body: bytes(16_384) }, { from: 'client' })

const MESSAGES = 100
const BODY_BYTES = 16_000

const NETWORKS: Readonly<Record<keyof typeof NO_LOSS, readonly Stage[]>> = {
  steady: [delay(40)],
  jittery: [delay(40, 15, { keepOrder: true })],
}

for (const [name, bounds] of Object.entries(NO_LOSS)) {
  t.test(`over a ${name} network that loses nothing, nothing is sent twice`, async (t) => {
    let received = 0
    const { clients, until } = await simulate({
      seed: 1,
      messages,
      clients: 1,
      network: NETWORKS[name as keyof typeof NO_LOSS],
      server: (server) =>
        server.onMessage(Bulk, () => {
          received++
        }),
      serverOptions: { maxMessagesPerSecond: 0 },
    })
    const client = clients[0]!
    const before = client.metrics().outBytes
    const body = new Uint8Array(BODY_BYTES)
    for (let i = 0; i < MESSAGES; i++) client.send(Bulk, { body })
    await until(() => received === MESSAGES)
    const { outBytes, packetLoss } = client.metrics()
    const wirePerByte = (outBytes - before) / (MESSAGES * BODY_BYTES)
    t.ok(wirePerByte <= bounds.wirePerByte, `${wirePerByte} bytes on the wire for each, at most ${bounds.wirePerByte}`)
    t.equal(packetLoss, bounds.packetLoss)
  })
}
