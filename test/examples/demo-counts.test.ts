import t from 'tap'
import { Arrivals, findMismatches, type PlayerCounts, type ServerCounts, totalsOf } from '../../examples/arena/counts.js'

/** A deep copy in which everything may be falsified. */
type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> }
interface Counts {
  readonly server: Mutable<ServerCounts>
  readonly players: readonly [Mutable<PlayerCounts>, Mutable<PlayerCounts>]
}

/** Ada said two lines, Ben three, and the server one of its own; one input and one snapshot were lost. */
function trueCounts(): Counts {
  const inOrder = (received: number) => ({ received, disordered: 0 })
  const heard = () => [
    { speaker: 1, ...inOrder(2) },
    { speaker: 2, ...inOrder(3) },
    { speaker: 0, ...inOrder(1) },
  ]
  const player = (id: number, name: string, linesSaid: number) => ({
    id,
    name,
    inputsSent: 60,
    linesSaid,
    snapshots: inOrder(19),
    lines: inOrder(6),
    heard: heard(),
  })
  const atServer = (id: number, name: string, lines: number) => ({
    id,
    name,
    inputs: inOrder(59),
    lines: inOrder(lines),
    snapshotsSent: 20,
  })
  return {
    server: { linesSent: 6, players: [atServer(1, 'ada', 2), atServer(2, 'ben', 3)] },
    players: [player(1, 'ada', 2), player(2, 'ben', 3)],
  }
}

t.test('finds nothing where all counts agree', (t) => {
  const { server, players } = trueCounts()
  t.strictSame(findMismatches(server, players), [])
  t.end()
})

t.test('finds each falsified count, and says which it is', (t) => {
  const falsifications: readonly [string, (counts: Counts) => void][] = [
    ['chat, ada → server: 2 sent, 1 received', ({ server }) => server.players[0]!.lines.received--],
    ['chat, ada → server: 2 sent, 3 received', ({ server }) => server.players[0]!.lines.received++],
    ['chat, ben → server: 1 of 3 out of order', ({ server }) => server.players[1]!.lines.disordered++],
    ['chat, server → ben: 6 sent, 5 received', ({ players }) => players[1].lines.received--],
    ['chat, server → ada: 2 of 6 out of order', ({ players }) => (players[0].lines.disordered += 2)],
    ['chat, ben → ada: 3 sent, 2 received', ({ players }) => players[0].heard[1]!.received--],
    ['chat, ada → ben: 1 of 2 out of order', ({ players }) => players[1].heard[0]!.disordered++],
    ['chat, ben → ben: 3 sent, 0 received', ({ players }) => (players[1].heard = players[1].heard.filter((line) => line.speaker !== 2))],
    ['inputs of ada: 60 sent, 61 received', ({ server }) => (server.players[0]!.inputs.received = 61)],
    ['inputs of ben: 60 sent, none received', ({ server }) => (server.players[1]!.inputs.received = 0)],
    ['inputs of ben: 1 of 59 old or repeated', ({ server }) => server.players[1]!.inputs.disordered++],
    ['inputs of ada: nothing was sent', ({ players }) => (players[0].inputsSent = 0)],
    ['snapshots for ada: 20 sent, 21 received', ({ players }) => (players[0].snapshots.received = 21)],
    ['snapshots for ben: 3 of 19 old or repeated', ({ players }) => (players[1].snapshots.disordered = 3)],
  ]
  for (const [mismatch, falsify] of falsifications) {
    const counts = trueCounts()
    falsify(counts)
    t.strictSame(findMismatches(counts.server, counts.players), [mismatch])
  }
  t.end()
})

t.test('finds a player that the server did not count at all', (t) => {
  const { server, players } = trueCounts()
  server.players.pop()
  t.strictSame(findMismatches(server, players), [
    'chat, ben → server: 3 sent, 0 received',
    'inputs of ben: 60 sent, none received',
    'snapshots for ben: nothing was sent',
  ])
  t.end()
})

t.test('finds a player that said nothing', (t) => {
  const { server, players } = trueCounts()
  players[0].linesSaid = 0
  t.strictSame(findMismatches(server, players), [
    'chat, ada → server: nothing was sent',
    'chat, ada → ada: nothing was sent',
    'chat, ada → ben: nothing was sent',
  ])
  t.end()
})

t.test('sums up, without the lines of the server in what players heard of each other', (t) => {
  const { server, players } = trueCounts()
  t.strictSame(totalsOf(server, players), [
    { what: 'chat, players → server', sent: 5, received: 5 },
    { what: 'chat, server → players', sent: 12, received: 12 },
    { what: 'chat, player → player', sent: 10, received: 10 },
    { what: 'inputs', sent: 120, received: 118 },
    { what: 'snapshots', sent: 40, received: 38 },
  ])
  t.end()
})

t.test('an ordered stream must have each number once, in turn', (t) => {
  const arrivals = new Arrivals()
  for (const number of [0, 1, 3, 2, 2, 3]) arrivals.addNext(number)
  t.strictSame({ ...arrivals }, { received: 6, disordered: 3 }) // 3 after 1, 2 after 3, 2 again
  t.end()
})

t.test('a sequenced stream may have gaps, and must not go back', (t) => {
  const arrivals = new Arrivals()
  for (const number of [0, 2, 5, 5, 4, 6]) arrivals.addNewer(number)
  t.strictSame({ ...arrivals }, { received: 6, disordered: 2 })
  t.end()
})
