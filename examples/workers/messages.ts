// What servers and bots say to each other.
import { MessageFactory, uint16, uint32 } from 'tickwire'

export const GAME = 'workers-example'

export const messages = new MessageFactory()

export const Input = messages.define('Input', { number: uint32 }, { delivery: 'sequenced', from: 'client' })

/** Which worker it is that answers, and how many inputs of the player it has seen. */
export const State = messages.define('State', { worker: uint16, inputs: uint32 }, { delivery: 'sequenced', from: 'server' })
