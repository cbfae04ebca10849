// What `npm run soak -- --scenario sessions` plays, for some seeds.
import t from 'tap'
import { playSessions } from '../../soak/sessions.js'

const SEEDS = 8

t.test(
  `${SEEDS} seeds in which links die, addresses change and everyone pauses: nothing reliable is lost, doubled or out of order`,
  async (t) => {
    t.intercept(console, 'warn', { value: () => {} })
    let resumes = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { problems, counts } = await playSessions(seed)
      t.strictSame(problems, [], `seed ${seed}`)
      resumes += counts.resumes ?? 0
    }
    t.ok(resumes > 2 * SEEDS, `${resumes} times someone came back`)
  },
)
