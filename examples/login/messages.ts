// What both sides agree on.
import { MessageFactory, string } from 'tickwire'

export const GAME = 'login-example'

export const messages = new MessageFactory()
export const Say = messages.define('Say', { text: string(128) })
