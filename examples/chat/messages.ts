// What chat clients and their server say to each other. All of it is ordered, the default: it arrives, and in the order of saying.
import { array, MessageFactory, string } from 'tickwire'
import { MAX_NAME_BYTES, MAX_TEXT_BYTES, MAX_WHY_BYTES } from './rules.js'

export const GAME = 'chat-example'

export const messages = new MessageFactory()

export const Say = messages.define('Say', { text: string(MAX_TEXT_BYTES) }, { from: 'client' })
/** Only an operator's has an effect. */
export const Kick = messages.define('Kick', { name: string(MAX_NAME_BYTES), why: string(MAX_WHY_BYTES) }, { from: 'client' })

/** The server sets the speaker: a client cannot speak as somebody else. */
export const Said = messages.define('Said', { speaker: string(MAX_NAME_BYTES), text: string(MAX_TEXT_BYTES) }, { from: 'server' })
export const Notice = messages.define('Notice', { text: string(MAX_TEXT_BYTES) }, { from: 'server' })
/** Who is in; sent whenever that changes. */
export const Members = messages.define('Members', { names: array(string(MAX_NAME_BYTES), 64) }, { from: 'server' })
