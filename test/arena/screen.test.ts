// What the demo draws, without a terminal.
import t from 'tap'
import { GOOD } from '../../examples/arena/conditions.js'
import { ARENA_HEIGHT, ARENA_WIDTH } from '../../examples/arena/game.js'
import { Canvas } from '../../examples/arena/screen/canvas.js'
import { drawPicture } from '../../examples/arena/screen/draw.js'
import { Frame } from '../../examples/arena/screen/frame.js'
import { KeyReader } from '../../examples/arena/screen/keys.js'
import type { Picture } from '../../examples/arena/screen/picture.js'
import { sparkline } from '../../examples/arena/screen/sparkline.js'

const LINK = { latency: 153, jitter: 3, loss: 0.2, bytes: 12_345, messages: 220 }

const PICTURE: Picture = {
  status: 'you host, 2 others, 0:42',
  conditions: { delayMs: 75, lossPercent: 20 },
  notice: undefined,
  you: { x: ARENA_WIDTH / 2, y: ARENA_HEIGHT / 2 },
  ghost: { x: ARENA_WIDTH / 4, y: ARENA_HEIGHT / 2 },
  others: [{ spot: { x: (ARENA_WIDTH * 3) / 4, y: ARENA_HEIGHT / 2 }, mark: '7' }],
  gems: [{ x: 0, y: 0 }],
  yourDelay: { worstMs: 17, history: [17, 17] },
  ghostDelay: { worstMs: 967, history: [200, 967] },
  players: [
    { name: 'ada', mark: '●', isYou: true, gems: 12, history: [LINK, LINK] },
    { name: 'bot 7', mark: '7', isYou: false, gems: 3, history: [{ ...LINK, latency: 4, loss: 0 }] },
    { name: 'new', mark: 'N', isYou: false, gems: 0, history: [] },
  ],
  chat: 'bot 7: gems: 3',
}

function linesOf(columns: number, rows: number, picture = PICTURE): string[] {
  return drawPicture(picture, columns, rows).toString().split('\n')
}

t.test('draws arena, delays, panel and keys on 80 × 24', (t) => {
  const lines = linesOf(80, 24)
  t.equal(lines.length, 24)
  t.equal(lines[0], '┌─ tickwire arena ─ you host, 2 others, 0:42 ─────── link: +150 ms, 20 % loss ─┐')
  t.match(lines[16], /^└─ bot 7: gems: 3 ─+┘$/)
  t.equal(lines[17], ' ● you         17 ms from key to dot              ▁▁  worst second   17 ms')
  t.equal(lines[18], ' ○ ghost      967 ms from key to dot              ▂▇  worst second  967 ms')
  t.match(lines[20], /^ ● ada {8}12 {3}153 +▇+ {3}20 +▇+ {4}3 +▂+ {2}12\.3k +▇+ {3}220 +▇+$/)
  t.match(lines[21], /^ 7 bot 7 {7}3 {5}4 +▁/)
  t.match(lines[22], /^ N new {9}0$/)
  t.equal(lines[23], ' ←↑↓→ steer, space stops  1 50 ms  2 150 ms  3 5 %  4 20 % loss  0 good  q quit')
  const field = lines.slice(1, 16).join('\n')
  t.match(field, '▐██▌', 'you are a disc')
  t.match(field, '7', 'the other is marked')
  t.match(field, '◆')
  t.end()
})

t.test('never exceeds the terminal, however small, and leaves out the panel first', (t) => {
  for (let columns = 1; columns <= 210; columns += 11) {
    for (const rows of [1, 2, 5, 10, 24, 60]) {
      const lines = linesOf(columns, rows)
      t.ok(lines.length === rows && lines.every((line) => [...line].length <= columns), `${columns} × ${rows}`)
    }
  }
  const low = linesOf(80, 15).join('\n')
  t.notMatch(low, 'RTT')
  t.match(low, 'worst second')
  const crowd = { ...PICTURE, players: [...PICTURE.players, ...PICTURE.players, ...PICTURE.players] }
  t.match(linesOf(80, 20, crowd).join('\n'), 'and 5 more')
  t.end()
})

t.test('shows what one waits for, and a good link', (t) => {
  const lines = linesOf(80, 24, { ...PICTURE, notice: 'looking for an arena …', conditions: GOOD })
  t.match(lines.join('\n'), 'looking for an arena …')
  t.match(lines[0], 'link: good')
  t.end()
})

t.test('a ghost is hollow, and lies around the dot where nothing is late', (t) => {
  const canvas = new Canvas(9, 4)
  canvas.ring(4.5, 2, 1.9, 2.9, 'ghost')
  canvas.ring(4.5, 2, 0, 1.8, 'you')
  const frame = new Frame(9, 4)
  canvas.drawOn(frame, 0, 0)
  t.hasStrict(frame.cell(4, 1), { text: '█', style: 'you' })
  const styles = new Set(Array.from({ length: 36 }, (_, i) => frame.cell(i % 9, Math.floor(i / 9)).style))
  t.ok(styles.has('ghost') && styles.has('you'))
  t.equal(frame.cell(1, 2).style, 'ghost')
  t.end()
})

t.test('a dot keeps its shape while it moves, at half a character', (t) => {
  const shapeAt = (column: number): string => {
    const frame = new Frame(12, 3)
    const canvas = new Canvas(12, 3)
    canvas.ring(column, 1.5, 0, 1.8, 'you')
    canvas.drawOn(frame, 0, 0)
    return frame.toString()
  }
  t.notSame(shapeAt(4), shapeAt(4.5))
  t.equal(shapeAt(5), shapeAt(4).replaceAll(/^/gm, ' '), 'a whole character on: the same, a character on')
  t.end()
})

t.test('escape sequences are few, end with the line, and are none without colours', (t) => {
  const frame = new Frame(10, 1)
  frame.put(0, 0, 'ab', 'you')
  frame.put(3, 0, 'c', 'you')
  frame.put(5, 0, 'd', 'ink', 'other')
  t.equal(frame.line(0, true), '\x1b[0;92mab c \x1b[0;30;106md\x1b[0;39m')
  t.equal(frame.line(0, false), 'ab c d')
  t.end()
})

t.test('names and chat from the network cannot move the cursor', (t) => {
  const frame = new Frame(20, 1)
  frame.put(0, 0, '\x1b[2Jbäd\x07\u202e漢')
  t.equal(frame.line(0, true), '?[2Jbäd???')
  t.end()
})

t.test('a sparkline shows the newest on the right, and noise as noise', (t) => {
  t.equal(sparkline([0, 50, 100], 5, 100), '  ▁▄▇')
  t.equal(sparkline([1, 2, 3], 3, 100), '▁▁▁')
  t.equal(sparkline([0, 100, 400], 2, 100), '▃▇', 'a higher one is the top')
  t.equal(sparkline([], 3, 100), '   ')
  t.end()
})

t.test('reads arrows, letters and digits, also in pieces', (t) => {
  const read = (...pieces: string[]): string[] => {
    const reader = new KeyReader()
    return pieces.flatMap((piece) => reader.read(piece))
  }
  t.strictSame(read('\x1b[A\x1b[B\x1b[C\x1b[D'), ['up', 'down', 'right', 'left'])
  t.strictSame(read('\x1bOA\x1bOD'), ['up', 'left'], 'application mode')
  t.strictSame(read('wasdW'), ['up', 'left', 'down', 'right', 'up'])
  t.strictSame(read(' 01234'), ['stop', '0', '1', '2', '3', '4'])
  t.strictSame(read('q\x03\x1a'), ['quit', 'quit', 'suspend'])
  t.strictSame(read('\x1b', '[', 'A', 'x5é'), ['up'], 'what means nothing is left out')
  t.strictSame(read('\x1b[1;5A\x1b[3~d'), ['right'], 'longer sequences are read to their end')
  t.end()
})

t.test('Esc alone is known by the silence after it', (t) => {
  const reader = new KeyReader()
  t.strictSame(reader.read('\x1b'), [])
  t.ok(reader.isWaiting)
  t.strictSame(reader.flush(), ['quit'])
  t.notOk(reader.isWaiting)
  t.strictSame(reader.read('\x1b\x1b[A'), ['quit', 'up'])
  t.strictSame(reader.read('\x1b['), [])
  t.strictSame(reader.flush(), [], 'half an arrow is no key')
  t.end()
})
