// `prediction.js`: one player over a bad link, drawn in four ways, with inputs sent once and sent with redundancy.
import { delay, loss } from 'tickwire/simulator'
import { readCommandLine } from '../command-line.js'
import { measure, VIEWS } from './measure.js'
import { BareInput, Input } from './messages.js'

const { options } = readCommandLine('node dist/examples/prediction/prediction.js [options]', {
  latency: { type: 'number', default: 150, min: 0, max: 1000, text: 'milliseconds there and back' },
  loss: { type: 'number', default: 10, min: 0, max: 40, text: 'percent of datagrams that are lost, each way' },
  seconds: { type: 'number', default: 30, min: 1, max: 600, text: 'seconds of play that are simulated' },
  seed: { type: 'integer', default: 1, min: 0, max: 1_000_000, text: 'the same seed gives the same losses and moves' },
})
const { latency, seconds, seed } = options

console.log(`${latency} ms there and back, ${options.loss} % loss each way, ${seconds} s of play at 60 inputs a second.`)
console.log(
  'Error: between where the player is drawn and where the server will say that it is after the same input, in units; it runs 0.18 a frame straight on, 0.25 aslant.',
)
for (const [input, text] of [
  [BareInput, 'each input sent once'],
  [Input, `each input repeated in the next ${Input.redundancy} packets`],
] as const) {
  const played = await measure({ stages: [delay(latency / 2), loss(options.loss / 100)], seconds, seed, input })
  console.log('')
  console.log(`${text}: ${played.missed} of ${played.inputs} inputs never counted`)
  console.log('  drawn            mean error    largest error    largest step in a frame')
  for (const view of VIEWS) {
    const { mean, largest, largestStep } = played.views[view]
    console.log(
      `  ${view.padEnd(14)} ${mean.toFixed(3).padStart(12)} ${largest.toFixed(2).padStart(16)} ${largestStep.toFixed(2).padStart(26)}`,
    )
  }
  console.log(
    `  pushes that no client can foresee: ${played.pushes}; corrections: ${played.corrections}; an input came back after ${played.answerMs.toFixed(0)} ms`,
  )
}
