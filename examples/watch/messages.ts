import { MessageFactory, string } from 'tickwire'

export const messages = new MessageFactory()
export const Chat = messages.define('Chat', { text: string(256) })
export const Start = messages.define('Start', { motto: string(64) }, { from: 'server' })
