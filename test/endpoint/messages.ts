// The messages of the endpoint's tests.
import { bytes, MessageFactory, string, uint32 } from '../../lib/index.js'

export const messages = new MessageFactory()
export const Chat = messages.define('Chat', { text: string(2000) })
export const Num = messages.define('Num', { n: uint32 })
export const Loose = messages.define('Loose', { n: uint32 }, { delivery: 'unreliable' })
export const State = messages.define('State', { n: uint32 }, { delivery: 'sequenced', from: 'server' })
export const Move = messages.define('Move', { n: uint32 }, { delivery: 'sequenced', from: 'client' })
export const Save = messages.define('Save', { n: uint32 }, { delivery: 'reliable' })
export const Blob = messages.define('Blob', { data: bytes(1_000_000) }, { channel: 1 })
