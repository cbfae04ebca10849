// What the targets of whole endpoints share: the game's messages, and the frames of the control channel.
import { encodeControl, type Goodbye, Hello, PROTOCOL_VERSION, type Reject, Welcome } from '../../lib/endpoint/control-messages.js'
import { bytes, MessageFactory, packed, string, uint32 } from '../../lib/messages/index.js'
import { writeVarint } from '../../lib/wire/varint.js'
import { bytesOf } from '../target.js'

export const GAME = 'fuzz'
export const PORT = 9000

export const messages = new MessageFactory()
export const Chat = messages.define('Chat', { text: string(2000) })
export const Num = messages.define('Num', { n: uint32 })
export const Loose = messages.define('Loose', { n: uint32 }, { delivery: 'unreliable', redundancy: 2 })
export const State = messages.define('State', { n: uint32 }, { delivery: 'sequenced', from: 'server' })
export const Move = messages.define('Move', { n: uint32 }, { delivery: 'sequenced', from: 'client' })
export const Save = messages.define('Save', { data: packed() }, { delivery: 'reliable' })
export const Blob = messages.define('Blob', { data: bytes(100_000) }, { channel: 1 })
messages.freeze()

export const ALL_MESSAGES = messages.definitions

const limits = { maxAckDelayMs: 25, windowMessages: 16_384, windowBytes: 1_048_576, maxMessageBytes: 262_144 }

/** An ORDERED frame of the control channel with one message. */
export function controlFrame(type: typeof Hello | typeof Welcome | typeof Reject | typeof Goodbye, values: object, id = 0): Uint8Array {
  const payload = encodeControl(type, values)
  const head = new Uint8Array(16)
  head.set([0x14, 255, id, 0, 0, 1])
  const end = writeVarint(head, writeVarint(head, 6, type.id), payload.length)
  return bytesOf(head.slice(0, end), payload)
}

export const HELLO = controlFrame(Hello, {
  version: PROTOCOL_VERSION,
  ...limits,
  definitions: messages.definitionHashes,
  name: 'mallory',
  data: new Uint8Array(0),
  resumeToken: new Uint8Array(0),
  extensions: [],
})

export const WELCOME = controlFrame(Welcome, {
  version: PROTOCOL_VERSION,
  ...limits,
  peerId: 1,
  timeoutMs: 10_000,
  serverNow: 5000.5,
  tick: 100.5,
  tickMs: 16,
  resumeToken: new Uint8Array(0),
  extensions: [],
})

/** One message in a frame of its own: a run of one, or numbered, by its delivery. */
export function messageFrame(type: (typeof ALL_MESSAGES)[number], payload: Uint8Array, id: number): Uint8Array {
  const head = new Uint8Array(16)
  if (type.delivery === 'unreliable') head.set([0x10, 1])
  else if (type.delivery === 'sequenced') head.set([0x12, id, 0, 0])
  else head.set([type.delivery === 'ordered' ? 0x14 : 0x13, type.channel, id, 0, 0, 1])
  const from = type.delivery === 'unreliable' ? 2 : type.delivery === 'sequenced' ? 4 : 6
  const end = writeVarint(head, writeVarint(head, from, type.id), payload.length)
  return bytesOf(head.slice(0, end), payload)
}

/** Turns of the microtask queue: more than the longest chain of awaits inside the library. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await undefined
}
