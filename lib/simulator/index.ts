/**
 * The entry `tickwire/simulator`: a network in memory, in simulated time, for tests.
 *
 * @module tickwire/simulator
 */
export { ManualClock, type ManualClockOptions } from '../io/manual-clock.js'
export { Random, seededEntropy } from '../io/random.js'
export {
  type SimulatedDatagram,
  SimulatedNetwork,
  type SimulatedNetworkCounters,
  type SimulatedNetworkOptions,
  type SimulatedOutcome,
} from '../io/simulated-network.js'
export {
  type BurstLossOptions,
  bandwidth,
  burstLoss,
  corrupt,
  type DelayOptions,
  type DropCause,
  delay,
  duplicate,
  loss,
  mtu,
  type Onward,
  reorder,
  type Stage,
  type StagePass,
  truncate,
} from '../io/stages.js'
export { type SimulateOptions, type Simulation, simulate } from './simulate.js'
