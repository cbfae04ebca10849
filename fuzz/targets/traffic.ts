// Payloads of real traffic between two connections on a lossy link: what the corpora begin with.
import { Random } from '../../lib/io/random.js'
import { ConnectionEnd } from './connection-end.js'

const STEP_MS = 16

/** Payloads to one side, of every delivery and size, with acks, pings and windows among them. */
export function recordTraffic(): Uint8Array[] {
  const random = new Random(7)
  let now = 2000
  const ends = [new ConnectionEnd(now), new ConnectionEnd(now)] as const
  ends[1].connection.startClockPings(200, now)
  const recorded: Uint8Array[] = []
  let inFlight: { to: number; at: number; sequence: number; bytes: Uint8Array }[] = []
  for (let tick = 0; tick < 60; tick++, now += STEP_MS) {
    for (const packet of inFlight.filter(({ at }) => at <= now)) ends[packet.to]!.receive(packet.bytes, packet.sequence, now)
    inFlight = inFlight.filter(({ at }) => at > now)
    for (const [i, end] of ends.entries()) {
      if (tick < 40) {
        const size = tick % 10 === 0 ? 3000 : 4 + random.integer(40)
        end.send(tick, new Uint8Array(size).fill(tick), now, { channel: tick % 3, redundancy: tick % 2 })
      }
      for (const { sequence, bytes } of end.transmit(now)) {
        if (i === 1) recorded.push(bytes)
        if (random.integer(5) > 0) inFlight.push({ to: 1 - i, at: now + 20 + random.integer(30), sequence, bytes })
      }
    }
  }
  for (const end of ends) end.close()
  return recorded
}
