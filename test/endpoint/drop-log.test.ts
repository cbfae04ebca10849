import t from 'tap'
import { DropLog, describeRisen } from '../../lib/endpoint/drop-log.js'

t.test('once a second, the causes whose counts rose are said, with how many', async (t) => {
  const counts = { forged: 0, malformed: 2 }
  const lines: string[] = []
  const log = new DropLog(
    () => ({ ...counts }),
    (risen) => lines.push(describeRisen(risen)),
  )
  log.check(0)
  counts.forged = 1000
  log.check(999)
  log.check(1000)
  log.check(2000)
  counts.forged = 1001
  counts.malformed = 5
  log.check(3000)
  t.strictSame(lines, ['dropped: malformed 2', 'dropped: forged 1000', 'dropped: forged 1, malformed 3'])
})
