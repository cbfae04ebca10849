// What the shop and its customers say to each other.
import { enumOf, MessageFactory, string, uint16 } from 'tickwire'

export const GAME = 'shop-example'
export const messages = new MessageFactory()
const item = enumOf('apple', 'sword', 'crown')

/** A customer buys; the shop answers with the gold that is left, or why not. */
export const Buy = messages.defineRequest('Buy', {
  request: { item },
  reply: { gold: uint16 },
  errors: ['no-money', 'sold-out'],
  from: 'client',
})

/** The other way round: the shop asks its customer, who has five seconds. */
export const Offer = messages.defineRequest('Offer', {
  request: { item, price: uint16 },
  reply: { isTaken: enumOf('yes', 'no') },
  from: 'server',
  timeoutMs: 5000,
})

/** What a customer wants kept: it is sent confirmed. */
export const Diary = messages.define('Diary', { text: string(256) }, { from: 'client' })
