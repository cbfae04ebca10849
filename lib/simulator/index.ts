// The entry `tickwire/simulator`: a network in memory, in simulated time, for tests.
export { ManualClock, type ManualClockOptions } from '../io/manual-clock.js'
export { Random, seededEntropy } from '../io/random.js'
export { SimulatedNetwork, type SimulatedNetworkCounters, type SimulatedNetworkOptions } from '../io/simulated-network.js'
export {
  type BurstLossOptions,
  bandwidth,
  burstLoss,
  corrupt,
  type DelayOptions,
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
