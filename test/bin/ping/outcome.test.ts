import t from 'tap'
import { type Circumstances, type Outcome, verdictOf } from '../../../bin/ping/outcome.js'

/** One of each, by its type: a new one is a compile error here. */
const OUTCOMES: Readonly<Record<Outcome, boolean>> = {
  open: true,
  joined: true,
  unresolved: false,
  refused: false,
  unreachable: false,
  silent: false,
  'token-expired': false,
  full: false,
  'not-accepting': false,
  definitions: false,
  version: false,
  rejected: false,
  undecided: false,
  malformed: false,
  'auth-failed': false,
  'already-connected': false,
  'resume-refused': false,
  'no-word': false,
  ended: false,
  lost: false,
  interrupted: false,
}

function circumstances(more: Partial<Circumstances>): Circumstances {
  return {
    outcome: 'silent',
    target: 'play.example:9000',
    game: 'arena',
    hasToken: false,
    detail: 'what was said',
    timeoutMs: 3000,
    wasAnswered: false,
    advertised: undefined,
    ...more,
  }
}

function advice(more: Partial<Circumstances>): string {
  return verdictOf(circumstances(more)).advice.join('\n')
}

t.test('every outcome has words of its own, and what is bad says what to do', async (t) => {
  const texts = new Set<string>()
  for (const [outcome, isGood] of Object.entries(OUTCOMES)) {
    const verdict = verdictOf(circumstances({ outcome: outcome as Outcome }))
    t.equal(verdict.isGood, isGood, outcome)
    if (!isGood && outcome !== 'interrupted') t.ok(verdict.advice.length > 0, `${outcome} has advice`)
    texts.add(verdict.text)
  }
  t.equal(texts.size, Object.keys(OUTCOMES).length)
})

t.test('a silent server that is advertised tells what is wrong', async (t) => {
  const advertised = { game: 'chess', needsToken: false }
  t.match(advice({ advertised }), /^Wrong game: .*"chess".*give --game chess/)
  t.match(advice({ advertised: { game: 'arena', needsToken: true } }), /^The server is in token mode/)
  t.match(advice({ advertised: { game: 'arena', needsToken: true }, hasToken: true }), /does not take this token/)
  t.match(advice({ advertised: { game: 'arena', needsToken: false } }), /only its game port says nothing/)
})

t.test('a silent server of which nothing is known has several explanations', async (t) => {
  t.match(advice({}), /"arena".*--token FILE.*firewall/s)
  t.match(advice({ hasToken: true }), /privateKey.*firewall/s)
  t.notMatch(advice({ hasToken: true }), /--token FILE/)
  t.match(advice({ wasAnswered: true }), /lossy/)
})

t.test('what a server said moves no cursor', async (t) => {
  t.notMatch(verdictOf(circumstances({ outcome: 'rejected', detail: 'banned\x1b[2J' })).text, '\x1b')
  t.notMatch(advice({ advertised: { game: '\x1b[2J', needsToken: false } }), '\x1b')
})
