// `reconnect.js`: a player whose link dies in four ways, and who comes back over another one. Each deed counts once, whatever happens.
import { endWithUsageError, readCommandLine } from '../command-line.js'
import { ACCIDENTS } from './accidents.js'
import { playAccident } from './scene.js'

const { words } = readCommandLine(
  `node dist/examples/reconnect/reconnect.js            all four accidents, about half a minute
node dist/examples/reconnect/reconnect.js ACCIDENT   one of: ${ACCIDENTS.join(', ')}`,
  {},
  1,
)
const [word] = words
const accidents = word === undefined ? ACCIDENTS : ACCIDENTS.filter((accident) => accident === word)
if (accidents.length === 0) endWithUsageError(`expected one of ${ACCIDENTS.join(', ')}, got '${word}'`)

for (const accident of accidents) {
  console.log(`── ${accident} ──`)
  const { sent, done, lines } = await playAccident(accident, console.log)
  const isRight = !lines.some((line) => line.includes('WRONG')) && (accident === 'server' || sent === done)
  if (!isRight) process.exitCode = 1
  console.log(isRight ? '' : 'That is not as it should be.\n')
}
