// The game under attack: a little of everything that a game may define, so that each kind of message can be abused.
import { array, bytes, float64, MessageFactory, packed, uint8, uint32 } from '../lib/index.js'

export const messages = new MessageFactory()

/** What honest players send and the server sends back: reliable and in order, with the sender's time. */
export const Tick = messages.define('Tick', { n: uint32, at: float64 })

export const Move = messages.define('Move', { n: uint32 }, { delivery: 'sequenced', from: 'client' })
export const Loose = messages.define('Loose', { n: uint32 }, { delivery: 'unreliable', from: 'client' })
export const Snapshot = messages.define('Snapshot', { n: uint32 }, { delivery: 'sequenced', from: 'server' })
export const Data = messages.define('Data', { value: packed() }, { from: 'client' })
export const List = messages.define('List', { items: array(uint8, 65_536) }, { from: 'client' })
export const Blob = messages.define('Blob', { data: bytes(200_000) }, { channel: 1 })
