import t from 'tap'
import { measure } from '../../examples/interpolation/measure.js'
import { SnapshotBuffer } from '../../examples/interpolation/snapshot-buffer.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { exampleFile, startExample } from './run-example.js'

t.test('what is interpolated moves evenly where what is drawn as it comes jumps', async (t) => {
  const { code, stdout, stderr } = await startExample(exampleFile('interpolation/interpolation.js'), ['--seconds', '12']).ended
  t.equal(stderr, '')
  t.equal(code, 0)
  const rows = Array.from(stdout.matchAll(/^(50 .*?)\s{2,}(.*) ms$/gm), ([, link, figures]) => ({
    link,
    figures: figures!.split(/[\s%]+/).map(Number),
  }))
  t.equal(rows.length, 5)
  for (const { link, figures } of rows) {
    const [newestP99, newestMax, newestStill, p99, max, still, behind] = figures as [number, number, number, number, number, number, number]
    t.ok(newestP99 >= 3, `${link}: as it comes, a frame jumps over three`)
    t.ok(newestStill > 60, `${link}: and stands still between snapshots`)
    t.ok(p99 <= newestP99 / 2, `${link}: p99 ${p99} instead of ${newestP99}`)
    t.ok(max < newestMax, `${link}: max ${max} instead of ${newestMax}`)
    t.ok(still < 10, `${link}: still ${still} %`)
    t.ok(behind > 130 && behind < 180, `${link}: ${behind} ms behind`)
  }
  t.strictSame(rows[0]?.figures.slice(3, 6), [1, 1, 0], 'perfectly even where nothing is lost or late')
})

t.test('the same seed shows the same', async (t) => {
  const once = () => measure([delay(50, 20), loss(0.1)], 2, 3)
  t.strictSame(await once(), await once())
})

t.test('between two snapshots a dot is on the line between its places', async (t) => {
  const buffer = new SnapshotBuffer()
  t.strictSame(buffer.at(5), [], 'nothing before the first')
  buffer.add({ tick: 10, dots: [{ id: 1, x: 0, y: 100 }] })
  buffer.add({ tick: 20, dots: [{ id: 1, x: 10, y: 0 }] })
  t.strictSame(buffer.at(12.5), [{ id: 1, x: 2.5, y: 75 }])
  t.strictSame(buffer.at(10), [{ id: 1, x: 0, y: 100 }])
  t.strictSame(buffer.at(20), [{ id: 1, x: 10, y: 0 }])
  t.strictSame(buffer.at(3), [{ id: 1, x: 0, y: 100 }], 'the first, before it')
  t.strictSame(buffer.at(25), [{ id: 1, x: 10, y: 0 }], 'the last, after it')
})

t.test('dots appear and vanish with the later snapshot', async (t) => {
  const buffer = new SnapshotBuffer()
  buffer.add({ tick: 10, dots: [{ id: 1, x: 0, y: 0 }] })
  buffer.add({ tick: 20, dots: [{ id: 2, x: 8, y: 8 }] })
  t.strictSame(buffer.at(15), [{ id: 1, x: 0, y: 0 }])
  t.strictSame(buffer.at(20.5), [{ id: 2, x: 8, y: 8 }])
})

t.test('snapshots that are not newer are ignored, and old ones forgotten', async (t) => {
  const buffer = new SnapshotBuffer()
  for (let tick = 1; tick <= 100; tick++) buffer.add({ tick, dots: [{ id: 1, x: tick, y: 0 }] })
  buffer.add({ tick: 50, dots: [] })
  buffer.add({ tick: 100, dots: [] })
  t.equal(buffer.newestTick, 100)
  t.equal(buffer.newest.length, 1)
  t.strictSame(buffer.at(0), [{ id: 1, x: 69, y: 0 }])
})
