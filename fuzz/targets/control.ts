// Hello, Welcome, Reject and Goodbye. The first byte of an input says which.
import {
  AUTH_EXTENSION,
  decodeAuth,
  decodeControl,
  decodeData,
  encodeAuth,
  encodeControl,
  encodeData,
  endReasonOf,
  Goodbye,
  Hello,
  PROTOCOL_VERSION,
  Reject,
  rejectReasonOf,
  versionOf,
  Welcome,
} from '../../lib/endpoint/control-messages.js'
import { bytesOf, check, type Target } from '../target.js'
import { checkCodec, sameValue } from './codecs.js'

const TYPES = [Hello, Welcome, Reject, Goodbye] as const

const limits = { maxAckDelayMs: 25, windowMessages: 16_384, windowBytes: 1_048_576, maxMessageBytes: 262_144 }
const extensions = [
  { type: 7, body: bytesOf(1, 2, 3) },
  { type: AUTH_EXTENSION, body: encodeAuth({ scheme: 'jwt', claim: 'e.y.J' }) },
]

export const control: Target = {
  name: 'control',
  about: 'Hello, Welcome, Reject and Goodbye, and the data inside them',
  format: 'bytes',
  maxBytes: 1300,
  share: 120,
  dictionary: [
    bytesOf(1, 0),
    bytesOf(0x80, 0x80, 0x40),
    bytesOf(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
    bytesOf(0, 0, 0, 0, 0, 0, 0xf8, 0x7f),
  ],
  run(input) {
    if (input.length === 0) return
    const type = TYPES[input[0]! & 3]!
    const payload = input.slice(1)
    check(versionOf(payload) === (payload.length < 2 ? -1 : payload[0]! + 256 * payload[1]!), 'the version are the first two bytes')
    checkCodec(type.codec, payload)
    const message = decodeControl(type, payload)
    if (message === undefined) return
    check(sameValue(decodeControl(type, encodeControl(type, message)), message), 'a control message is encoded and decoded as before')
    if ('reason' in message) {
      check(endReasonOf(message.reason).length > 0 && rejectReasonOf(message.reason).length > 0, 'every number is a reason')
    }
    if (type === Hello) {
      const auth = decodeAuth((message as Hello).extensions)
      if (auth !== undefined && auth.scheme !== '')
        check(sameValue(decodeAuth([{ type: AUTH_EXTENSION, body: encodeAuth(auth) }]), auth), 'a log-in can be sent again')
    }
    if (!('data' in message)) return
    const data = decodeData(message.data)
    if (data !== undefined)
      check(sameValue(decodeData(encodeData(data, 64 * 1024)), data), 'the data of a control message can be sent again')
  },
  seeds: () => [
    bytesOf(
      0,
      encodeControl(Hello, {
        version: PROTOCOL_VERSION,
        ...limits,
        definitions: [1, 2, 2 ** 32 - 1],
        name: 'ada',
        data: encodeData({ team: 'red' }, 100),
        resumeToken: new Uint8Array(0),
        extensions,
      }),
    ),
    bytesOf(
      1,
      encodeControl(Welcome, {
        version: PROTOCOL_VERSION,
        ...limits,
        peerId: 5,
        timeoutMs: 10_000,
        serverNow: 12_345.5,
        tick: 700.25,
        tickMs: 16.67,
        resumeToken: new Uint8Array(16),
        extensions,
      }),
    ),
    bytesOf(2, encodeControl(Reject, { reason: 4, detail: 'definition "Move" differs', data: encodeData([1, 'x'], 100) })),
    bytesOf(3, encodeControl(Goodbye, { reason: 1, detail: 'kicked', data: new Uint8Array(0) })),
  ],
}
