// Bytes on the wire for each message, alone in its packet and in runs.
import { MessageFactory, uint32 } from 'tickwire'
import { simulate } from 'tickwire/simulator'
import { enet } from '../peers/index.js'
import { type BenchmarkDelivery, DELIVERIES } from '../peers/peer.js'
import type { Bench, Scenario } from '../scenario.js'
import { availablePeers } from '../throughput.js'

const SIZES = [8, 32, 200, 1200]

/** Messages of a run, sent between two updates. */
const RUN_MESSAGES = 500

/** Messages that are sent alone, each in an update of its own. */
const ALONE_MESSAGES = 200

interface WireRow {
  readonly peer: string
  readonly delivery: BenchmarkDelivery
  readonly bytes: number
  readonly alone: Wire
  readonly inRuns: Wire
}

/** For each message, in both directions: UDP payload, and datagrams. */
interface Wire {
  readonly bytes: number
  readonly datagrams: number
}

export const wire: Scenario = {
  name: 'wire',
  title: 'bytes on the wire for each message, alone and in runs',
  method: `UDP payload of both directions, acknowledgements and encryption included, for each message. Alone: one message an update, at 60 updates a second in simulated time. In runs: ${RUN_MESSAGES} messages sent at once. ENet sends one message at a time, and waits for it, or keeps its queue full; it does not encrypt.`,
  seconds: 1,
  async run(bench) {
    const rows: WireRow[] = []
    const [peer] = availablePeers([enet()], bench)
    for (const delivery of DELIVERIES) {
      for (const bytes of SIZES) {
        bench.progress(`wire: ${delivery} ${bytes} B`)
        rows.push({
          peer: 'tickwire',
          delivery,
          bytes,
          alone: await tickwireAlone(bytes, delivery),
          inRuns: await tickwireRun(bytes, delivery),
        })
        if (peer !== undefined) rows.push(await enetRow(bytes, delivery, bench))
      }
    }
    return {
      tables: [
        {
          columns: ['delivery', 'bytes', 'peer', 'B alone', 'datagrams alone', 'B in runs', 'datagrams in runs'],
          rows: rows.map(({ peer, delivery, bytes, alone, inRuns }) => [
            delivery,
            String(bytes),
            peer,
            alone.bytes.toFixed(1),
            alone.datagrams.toFixed(2),
            inRuns.bytes.toFixed(1),
            inRuns.datagrams.toFixed(3),
          ]),
        },
      ],
      targets: [],
      charts: [
        {
          kind: 'bars',
          name: '',
          title: 'ordered messages: UDP payload beyond the message',
          unit: 'bytes a message',
          groups: SIZES.map((bytes) => ({
            label: `${bytes} B`,
            bars: rows
              .filter((row) => row.delivery === 'ordered' && row.bytes === bytes)
              .flatMap((row) => [
                { name: `${row.peer} alone`, value: row.alone.bytes - bytes },
                { name: `${row.peer} in runs`, value: row.inRuns.bytes - bytes },
              ]),
          })),
        },
      ],
    }
  },
}

function tickwireAlone(bytes: number, delivery: BenchmarkDelivery): Promise<Wire> {
  return onTheWire(bytes, delivery, ALONE_MESSAGES, (sent, tick) => Math.min(tick + 1, ALONE_MESSAGES) - sent)
}

function tickwireRun(bytes: number, delivery: BenchmarkDelivery): Promise<Wire> {
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
  await step(5000) // past the pings of the beginning
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

async function enetRow(bytes: number, delivery: BenchmarkDelivery, bench: Bench): Promise<WireRow> {
  const measure = async (windowMessages: number | undefined): Promise<Wire> => {
    const peer = enet(windowMessages === undefined ? {} : { windowMessages })
    const result = await peer.run({ bytes, delivery, count: windowMessages === 1 ? 2000 : 20_000, deadlineMs: 10_000 })
    if (result === undefined) throw new Error('ENet gave no result')
    return { bytes: result.bytesOnWire! / result.received, datagrams: result.datagrams! / result.received }
  }
  bench.progress(`wire: ENet ${delivery} ${bytes} B`)
  return { peer: 'ENet (C)', delivery, bytes, alone: await measure(1), inRuns: await measure(undefined) }
}
