import { readFileSync } from 'node:fs'
import t from 'tap'
import { Frame } from '../../examples/arena/screen/frame.js'

interface Film {
  svgFilm(frames: readonly Frame[], options: { framesPerSecond: number; poster: number; title: string }): string
}

/** Scripts are plain JavaScript, outside of what is compiled. */
const { svgFilm } = (await import(new URL('../../../scripts/record/svg-film.js', import.meta.url).href)) as Film

function frame(name: string, bar: string): Frame {
  const drawn = new Frame(12, 2)
  drawn.put(0, 0, 'always', 'title')
  drawn.put(0, 1, name, 'you')
  drawn.put(6, 1, bar, 'bad')
  return drawn
}

t.test('a film draws what never changes once, rows that look alike once, and each frame in its place', (t) => {
  const svg = svgFilm([frame('a<b', '▁▇▇'), frame('c', '█◆'), frame('a<b', '▁▇▇')], { framesPerSecond: 2, poster: 1, title: 'three' })
  t.equal(svg.match(/always/g)?.length, 1)
  t.equal(svg.match(/<text[^>]*>a&lt;b<\/text>/g)?.length, 1)
  t.strictSame(svg.match(/<use [^>]*>/g), ['<use href="#r0" y="20"/>', '<use href="#r1" y="20"/>', '<use href="#r0" y="20"/>'])
  t.match(svg, 'd="M60 20V17.5h10V2.5h20V20z"', 'bars are one outline')
  t.match(svg, 'M60 0h10v20h-10z', 'a full block is one rectangle')
  t.match(svg, 'animation:film 1.5s steps(3) infinite')
  t.match(svg, 'translateX(-360px)')
  t.match(svg, 'class="film" transform="translate(-120)"', 'where nothing moves: the poster')
  t.equal(svg.match(/<(g|svg|defs|style|title|text)\b/g)?.length, svg.match(/<\/(g|svg|defs|style|title|text)>/g)?.length, 'all is closed')
  t.end()
})

t.test('docs/demo.svg is a film of a small terminal, and no larger than a README can bear', (t) => {
  const svg = readFileSync(new URL('../../../docs/demo.svg', import.meta.url), 'utf8')
  t.ok(svg.length < 400_000, `${svg.length} bytes`)
  t.match(svg, 'viewBox="0 0 824 504"')
  t.match(svg, '20 % loss')
  t.end()
})
