// Every attack of a player inside, in simulated time: what becomes of the attacker, what it costs in memory, and that the others play on.
import t from 'tap'
import { insiderAttacks } from '../../attacks/insider-attacks.js'
import { Arena } from './arena.js'

/** What one attacker may make a server keep: the windows of its lanes, as objects, and its send queue. */
const MAX_GROWN_BYTES = 16_000_000

for (const attack of insiderAttacks) {
  t.test(attack.name, async (t) => {
    const arena = new Arena()
    const { outcome, insider, grownBytes } = await arena.run(t, attack)
    t.equal(outcome, attack.outcome, `${insider.outPackets} packets, ${insider.outBytes} bytes`)
    const replied = insider.inBytes / insider.outBytes
    t.comment(
      `memory ${(grownBytes / 1e6).toFixed(1)} MB, ${replied.toFixed(2)} bytes of replies a byte, drops ${JSON.stringify(arena.server.drops)}`,
    )
    t.ok(grownBytes < MAX_GROWN_BYTES, `${grownBytes} bytes`)
    t.strictSame(
      arena.ends.filter((end) => end.startsWith('player')),
      [],
    )
  })
}
