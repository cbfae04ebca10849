// What messages of tickwire cost on the wire, in simulated time: the same on every machine.
import { MessageFactory, uint32 } from 'tickwire'
import { simulate } from 'tickwire/simulator'
import type { BenchmarkDelivery } from './peers/peer.js'

/** Messages of a run, sent between two updates. */
export const RUN_MESSAGES = 500

/** Messages that are sent alone, each in an update of its own. */
const ALONE_MESSAGES = 200

/** For each message, in both directions: UDP payload, and datagrams. */
export interface Wire {
  readonly bytes: number
  readonly datagrams: number
}

/** One message an update, at 60 updates a second. */
export function wireAlone(bytes: number, delivery: BenchmarkDelivery): Promise<Wire> {
  return onTheWire(bytes, delivery, ALONE_MESSAGES, (sent, tick) => Math.min(tick + 1, ALONE_MESSAGES) - sent)
}

/** Many messages at once. */
export function wireInRuns(bytes: number, delivery: BenchmarkDelivery): Promise<Wire> {
  return onTheWire(bytes, delivery, RUN_MESSAGES, (sent) => RUN_MESSAGES - sent)
}

/** `due` says how many messages to send in a tick. */
async function onTheWire(
  bytes: number,
  delivery: BenchmarkDelivery,
  count: number,
  due: (sent: number, tick: number) => number,
): Promise<Wire> {
  const messages = new MessageFactory()
  const fields = Object.fromEntries(Array.from({ length: bytes / 4 }, (_, i) => [`f${i}`, uint32]))
  // A newer sequenced message replaces a waiting one of its definition.
  const names = Array.from({ length: delivery === 'sequenced' ? count : 1 }, (_, i) => `State${i}`)
  const types = names.map((name) => messages.define(name, fields, { delivery }))
  const values = Object.fromEntries(Object.keys(fields).map((name) => [name, 1]))
  let received = 0
  const { clients, step, until } = await simulate({
    seed: 1,
    messages,
    clients: 1,
    server: (server) => {
      for (const type of types) server.onMessage(type, () => received++)
    },
  })
  const client = clients[0]!
  await step(2500) // past the pings of the beginning
  const start = client.metrics()
  let sent = 0
  const loop = client.run({
    hz: 60,
    onTick(tick) {
      for (let left = due(sent, tick); left > 0; left--, sent++) client.send(types[sent % types.length]!, values as never)
    },
  })
  await until(() => received >= count, { timeoutMs: 60_000 })
  await step(500)
  loop.stop()
  const end = client.metrics()
  return {
    bytes: (end.inBytes + end.outBytes - start.inBytes - start.outBytes) / count,
    datagrams: (end.inPackets + end.outPackets - start.inPackets - start.outPackets) / count,
  }
}
