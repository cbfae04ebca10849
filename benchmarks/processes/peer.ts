// One library, alone in its process, as ENet is in its own: code that several libraries, or both transports, have run through is slower for each of them.
import { answer } from '../child.js'
import { type BenchmarkRun, otherPeers, tickwirePeers } from '../peers/index.js'
import { TRANSPORT_KINDS } from '../transports.js'

/** Which, and what it is to do. */
export interface PeerRun {
  readonly peer: string
  readonly run: BenchmarkRun
}

const peers = [...tickwirePeers(TRANSPORT_KINDS), ...otherPeers]

answer({
  run: ({ peer, run }: PeerRun) => peers.find(({ name }) => name === peer)!.run(run),
})
