// Inputs to the server, and what became of them back.
import { flags, float64, MessageFactory, type MessageOf, uint32 } from 'tickwire'

export const GAME = 'prediction-example'

export const messages = new MessageFactory()

const inputFields = { number: uint32, keys: flags('left', 'right', 'up', 'down') }

/** Rides again in the next three packets: of the inputs that 10 % loss takes, all but one in a thousand then arrive. */
export const Input = messages.define('Input', inputFields, { delivery: 'sequenced', from: 'client', redundancy: 3 })

/** The same without, to compare. */
export const BareInput = messages.define('BareInput', inputFields, { delivery: 'sequenced', from: 'client' })

/** Where the player is after the input `lastInput`. In 64 bits, so that the client's own steps from there give the server's numbers exactly. */
export const State = messages.define(
  'State',
  { lastInput: uint32, x: float64, y: float64, vx: float64, vy: float64 },
  { delivery: 'sequenced', from: 'server' },
)

export type Keys = MessageOf<typeof Input>['keys']
