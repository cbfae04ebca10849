// The hardest link that is promised: 1000 ± 100 ms one way, a quarter lost and a quarter doubled each way. A tenth of the 200,000 steps of `npm run soak -- --scenario hard-link`, which runs the same code.
import t from 'tap'
import { MESSAGE_WINDOW } from '../../lib/wire/limits.js'
import { describeHardLink, problemsOf, runHardLink } from '../../soak/hard-link.js'

const STEPS = 20_000
const SEED = 1

/** 60 messages of about 30 bytes a second, and 30 s of them: what may wait where every message takes a few round trips of 2 s. */
const MAX_WAITING_BYTES = 60 * 30 * 30

for (const isDamaged of [false, true]) {
  t.test(
    `everything reliable arrives once and in order over 1000 ± 100 ms, 25 % loss and 25 % duplicates${isDamaged ? ', a fifth damaged' : ''}`,
    async (t) => {
      const options = { steps: STEPS, seed: SEED, isDamaged }
      const result = await runHardLink(options)
      t.comment(describeHardLink(result, options))
      t.strictSame(problemsOf(result), [])
      for (const flow of [result.up, result.down]) {
        t.equal(flow.reliableArrived, STEPS)
        t.ok(flow.sequencedArrived > STEPS / 10, 'sequenced messages get through')
        t.ok(flow.maxOutBufferBytes < MAX_WAITING_BYTES, 'the send queue stays small')
        t.ok(flow.maxPendingAcks < MESSAGE_WINDOW && flow.maxReorderQueue < MESSAGE_WINDOW, 'and so do the windows')
      }
      const { sent, lost, duplicated, corrupted } = result.network
      t.ok(Math.abs(lost / sent - 0.25) < 0.01 && Math.abs(duplicated / (sent - lost) - 0.25) < 0.01, 'the link is what was asked for')
      t.equal(corrupted > 0, isDamaged)
    },
  )
}
