// The entry `tickwire/simulator`: a network in memory, in simulated time, for tests.
export { ManualClock, type ManualClockOptions } from '../io/manual-clock.js'
export { Random, seededEntropy } from '../io/random.js'
export { SimulatedNetwork, type SimulatedNetworkCounters, type SimulatedNetworkOptions } from '../io/simulated-network.js'
export { bandwidth, type DelayOptions, delay, duplicate, loss, mtu, reorder, type Stage } from '../io/stages.js'
export { type SimulateOptions, type Simulation, simulate } from './simulate.js'
