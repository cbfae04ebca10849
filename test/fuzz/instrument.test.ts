// The counters at branches: code does what it did, and every way through it is told from the others.
import t from 'tap'
import { instrument } from '../../fuzz/instrument/instrument.js'

/** Runs a function's body, instrumented, and gives its result and which points were hit how often. */
function run(source: string, input: number): { result: unknown; hits: number[]; expected: unknown } {
  const { code, points } = instrument(source, { firstPoint: 0, counters: 'counters', kind: 'function' })
  const counters = new Array<number>(points).fill(0)
  const result: unknown = new Function('counters', 'x', code)(counters, input)
  return { result, hits: counters, expected: new Function('x', source)(input) }
}

const SOURCES = [
  'if (x > 1) return 1\nreturn 0',
  'if (x > 1)\n  if (x > 2) return 2\n  else return 1\nreturn 0',
  'if (x > 2) { return 2 } else if (x > 1) return 1; else return 0',
  'return x > 2 ? "a" : x > 1 ? "b" : "c"',
  'return (x > 1 && x < 3) || x === 0 || undefined',
  'let y; y ??= x > 1 ? x : undefined; y ||= 7; y &&= y + 1; return y',
  'let n = 0; for (let i = 0; i < x; i++) n += i; while (n > 2) n--; do n++; while (n < 0); for (const k of [1, 2]) if (k > x) n += k; for (const k in { a: 1 }) n += k.length; return n',
  'switch (x) { case 0: case 1: return "low"; case 2: { return "two" } default: return "high" }',
  'const f = (a, b = x > 1 ? 2 : 3) => a + b; const g = (a) => ({ a }); return f(1) + g(x).a',
  'class A { #n = x; get n() { return this.#n > 1 ? this.#n : -1 } static of() { return new A() } }\nclass B extends A { constructor() { super(); this.m = 1 } }\nreturn A.of().n + new B().n',
  'try { if (x > 1) throw new Error("big"); return 0 } catch (error) { return error.message } finally { x = 0 }',
  'label: for (;;) { for (;;) { if (x > 1) break label; x++; continue label } }\nreturn x',
  'const list = [...(x > 1 ? [1] : [])]; return (list.length > 0 ? "some" : "none") + (x?.toFixed?.(1) ?? "none")',
]

t.test('instrumented code does what it did', async (t) => {
  for (const source of SOURCES) {
    for (const input of [0, 1, 2, 3]) {
      const { result, expected } = run(source, input)
      t.equal(result, expected, `${source} of ${input}`)
    }
  }
})

t.test('another way through the code hits other points', async (t) => {
  for (const source of SOURCES) {
    const ways = new Set([0, 1, 2, 3].map((input) => run(source, input).hits.join()))
    t.ok(ways.size > 1, source)
  }
})

t.test('a missing else, a default and a right side count as ways of their own', async (t) => {
  t.strictSame(run('if (x > 1) return 1\nreturn 0', 0).hits, [0, 1])
  t.strictSame(run('if (x > 1) return 1\nreturn 0', 2).hits, [1, 0])
  t.strictSame(run('return x && x + 1', 0).hits, [0])
  t.strictSame(run('const f = (a = 1) => a; return f(x)', 0).hits, [0, 1])
})

t.test('lines stay where they were', async (t) => {
  const source = 'const a = 1\nif (a) {\n  f(a)\n}\nfunction f(n) {\n  return n > 1 ? n : 0\n}\n'
  const { code } = instrument(source, { firstPoint: 5, counters: 'c' })
  t.equal(code.split('\n').length, source.split('\n').length)
  t.match(code, /c\[5\]\+\+/)
})

t.test('what is no JavaScript is refused', async (t) => {
  t.throws(() => instrument('if (', { firstPoint: 0, counters: 'c' }), SyntaxError)
})
