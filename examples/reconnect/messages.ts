import { MessageFactory, uint32 } from 'tickwire'

export const GAME = 'reconnect'
export const messages = new MessageFactory()
/** A purchase, say: each must count, once, in order. */
export const Deed = messages.define('Deed', { number: uint32 }, { from: 'client' })
/** The server's answer to each. */
export const Done = messages.define('Done', { number: uint32 }, { from: 'server' })
