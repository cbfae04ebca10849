// The messages of a game with many players: 32 bytes in, 64 bytes out.
import { MessageFactory, uint32 } from 'tickwire'

export const gameMessages = new MessageFactory()

const eight = { a: uint32, b: uint32, c: uint32, d: uint32, e: uint32, f: uint32, g: uint32, h: uint32 }
const sixteen = { ...eight, i: uint32, j: uint32, k: uint32, l: uint32, m: uint32, n: uint32, o: uint32, p: uint32 }

/** What a player does, and what it sees. */
export const Input = gameMessages.define('Input', eight, { from: 'client', delivery: 'unreliable' })
export const View = gameMessages.define('View', sixteen, { from: 'server', delivery: 'unreliable' })

/** What must arrive, and its answer. */
export const Order = gameMessages.define('Order', eight, { from: 'client' })
export const Receipt = gameMessages.define('Receipt', sixteen, { from: 'server' })

/** Thousands of clients on a few cores may all be late, and nobody is to leave for that. */
export const TIMEOUT_MS = 60_000

export const INPUT = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 }
export const VIEW = { ...INPUT, i: 9, j: 10, k: 11, l: 12, m: 13, n: 14, o: 15, p: 16 }
