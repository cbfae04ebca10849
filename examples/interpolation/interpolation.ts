// `interpolation.js`: one world over several links, drawn as it comes and drawn between snapshots.
import { delay, loss, type Stage } from 'tickwire/simulator'
import { readCommandLine } from '../command-line.js'
import { type Motion, measure } from './measure.js'

const LINKS: readonly { readonly name: string; readonly stages: readonly Stage[] }[] = [
  { name: '50 ms each way', stages: [delay(50)] },
  { name: '50 ± 20 ms', stages: [delay(50, 20)] },
  { name: '50 ms, 5 % loss', stages: [delay(50), loss(0.05)] },
  { name: '50 ± 20 ms, 5 % loss', stages: [delay(50, 20), loss(0.05)] },
  { name: '50 ± 20 ms, 20 % loss', stages: [delay(50, 20), loss(0.2)] },
]

const { options } = readCommandLine('node dist/examples/interpolation/interpolation.js [options]', {
  seconds: { type: 'number', default: 20, min: 1, max: 600, text: 'seconds of play that are simulated for each link' },
  seed: { type: 'integer', default: 1, min: 0, max: 1_000_000, text: 'the same seed gives the same losses and delays' },
})

console.log(
  'How far a dot moves in one frame, where 1.0 is its real way: in the longest of a hundred frames (p99), in the longest of all, and how often not at all.',
)
console.log('')
console.log('                          newest snapshot               interpolated                behind')
console.log('link                       p99    max     still          p99    max     still       server')
for (const { name, stages } of LINKS) {
  const { newest, interpolated, behindMs } = await measure(stages, options.seconds, options.seed)
  console.log(`${name.padEnd(24)} ${figures(newest)}        ${figures(interpolated)}    ${behindMs.toFixed(0).padStart(6)} ms`)
}

function figures({ ways }: Motion): string {
  const still = ways.filter((way) => way < 0.1).length / ways.length
  const p99 = ways[Math.floor(ways.length * 0.99)]!
  return `${p99.toFixed(1).padStart(5)}  ${ways.at(-1)!.toFixed(1).padStart(5)}  ${`${(still * 100).toFixed(1)} %`.padStart(8)}`
}
