// What a client with frames says to its server, and what it hears back thirty times a second.
import { bool, float64, MessageFactory, uint32 } from 'tickwire'

export const GAME = 'frame-loop-example'

export const messages = new MessageFactory()

/** The input of one frame, stamped with `serverNow()`. Only the newest counts. */
export const Input = messages.define('Input', { at: float64, isFlushed: bool }, { delivery: 'sequenced', from: 'client' })
/** A shot must arrive, and in order. */
export const Shot = messages.define('Shot', { number: uint32 }, { from: 'client' })

/** `shots`: how many have arrived. The delays are means, in ms: from the making of an input to its arrival, with and without flush(). */
export const State = messages.define(
  'State',
  { shots: uint32, delayFlushed: float64, delayUnflushed: float64 },
  { delivery: 'sequenced', from: 'server' },
)
