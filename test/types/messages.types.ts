// What must and must not compile. tsc checks this file with the rest of the build; messages.test.ts makes sure that it did.
import * as v from 'valibot'
import {
  type AnyMessageType,
  array,
  bool,
  bytes,
  enumOf,
  type Field,
  flags,
  float32,
  type InputOf,
  MessageFactory,
  type MessageOf,
  type MessageType,
  optional,
  packed,
  quantized,
  string,
  struct,
  uint8,
  uint16,
  uint32,
} from '../../lib/messages/index.js'

type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles for `true` only. Counts at run time, so that a test sees that this file was compiled and run. */
export let checks = 0
function ok<_T extends true>(): void {
  checks++
}

const messages = new MessageFactory()
const Move = messages.define(
  'Move',
  { tick: uint32, x: float32, y: float32, buttons: flags('jump', 'fire') },
  { delivery: 'sequenced', redundancy: 3, from: 'client' },
)
const Chat = messages.define('Chat', { text: string(256), to: optional(enumOf('all', 'team')) })
const Snapshot = messages.define(
  'Snapshot',
  { tick: uint32, entities: array(struct({ id: uint16, x: quantized(0, 100, 0.1), y: float32, skin: optional(string(8)) }), 64) },
  { delivery: 'sequenced', from: 'server' },
)
const ItemSchema = v.object({
  kind: v.string(),
  at: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
})
const Save = messages.define('Save', { state: packed(ItemSchema) })
const Guarded = messages.define('Guarded', { state: packed((_value: unknown): _value is { a: number } => true) })
const Parsed = messages.define('Parsed', { state: packed((value: unknown) => ({ text: String(value) })) })
const Bare = messages.define('Bare', { state: packed() })
const Judged = messages.define('Judged', { state: packed((value: unknown): boolean => value !== null) })
const Blob = messages.define('Blob', {
  data: bytes(9),
  on: bool,
  sparse: array(optional(uint8), 4),
  inner: optional(struct({ a: optional(bool) })),
})
const Ping = messages.define('Ping', {}, { from: 'both' })

// What arrives.
ok<Eq<MessageOf<typeof Move>, { tick: number; x: number; y: number; buttons: { jump: boolean; fire: boolean } }>>()
ok<Eq<MessageOf<typeof Chat>, { text: string; to: 'all' | 'team' | undefined }>>()
ok<Eq<MessageOf<typeof Snapshot>, { tick: number; entities: { id: number; x: number; y: number; skin: string | undefined }[] }>>()
ok<Eq<MessageOf<typeof Save>, { state: { kind: string; at: Date } }>>()
ok<Eq<MessageOf<typeof Guarded>, { state: { a: number } }>>()
ok<Eq<MessageOf<typeof Parsed>, { state: { text: string } }>>()
ok<Eq<MessageOf<typeof Bare>, { state: unknown }>>()
// A function that returns a boolean is a guard that says nothing about the type.
ok<Eq<MessageOf<typeof Judged>, { state: unknown }>>()
ok<
  Eq<
    MessageOf<typeof Blob>,
    { data: Uint8Array; on: boolean; sparse: (number | undefined)[]; inner: { a: boolean | undefined } | undefined }
  >
>()
ok<Eq<keyof MessageOf<typeof Ping>, never>>()

// What send takes.
ok<
  Eq<
    InputOf<typeof Move>,
    {
      readonly tick: number
      readonly x: number
      readonly y: number
      readonly buttons: { readonly jump?: boolean | undefined; readonly fire?: boolean | undefined }
    }
  >
>()
ok<Eq<InputOf<typeof Chat>, { readonly text: string; readonly to?: 'all' | 'team' | undefined }>>()
ok<Eq<InputOf<typeof Save>, { readonly state: { kind: string; at: string } }>>()
ok<
  Eq<
    InputOf<typeof Snapshot>,
    {
      readonly tick: number
      readonly entities: readonly { readonly id: number; readonly x: number; readonly y: number; readonly skin?: string | undefined }[]
    }
  >
>()
// What arrived can be sent on.
ok<MessageOf<typeof Move> extends InputOf<typeof Move> ? true : false>()
ok<MessageOf<typeof Snapshot> extends InputOf<typeof Snapshot> ? true : false>()
ok<MessageOf<typeof Blob> extends InputOf<typeof Blob> ? true : false>()

// Names and directions are literal.
ok<Eq<(typeof Move)['name'], 'Move'>>()
ok<Eq<(typeof Move)['from'], 'client'>>()
ok<Eq<(typeof Chat)['from'], 'both'>>()
ok<Eq<(typeof Snapshot)['from'], 'server'>>()
ok<Eq<(typeof Ping)['from'], 'both'>>()
// The default direction holds where options leave it out.
const Loud = messages.define('Loud', { text: string(8) }, { delivery: 'reliable', priority: 7 })
ok<Eq<(typeof Loud)['from'], 'both'>>()

/** `send` and `onMessage` as the endpoints have them. */
interface ClientSide {
  send<M extends MessageType<string, any, any, 'client' | 'both'>>(type: M, values: InputOf<M>): void
  onMessage<O>(type: MessageType<string, O, any, 'server' | 'both'>, handler: (message: O) => void): void
}

/** Never called: it only has to compile. */
export function use(client: ClientSide, event: { type: AnyMessageType; message: unknown }): void {
  client.send(Move, { tick: 1, x: 0, y: 0, buttons: { jump: true } })
  client.send(Move, { tick: 1, x: 0, y: 0, buttons: {} })
  client.send(Chat, { text: 'x' })
  client.send(Chat, { text: 'x', to: undefined })
  const frozen = { text: 'x', to: undefined } as const
  client.send(Chat, frozen)
  client.send(Save, { state: { kind: 'a', at: '2020' } })
  client.send(Ping, {})
  client.onMessage(Snapshot, (snapshot) => {
    for (const entity of snapshot.entities) entity.skin?.length
    // @ts-expect-error a skin may be missing
    snapshot.entities[0]!.skin.length
  })
  // @ts-expect-error a client may not send a Snapshot
  client.send(Snapshot, { tick: 1, entities: [] })
  // @ts-expect-error a client does not receive its own Move
  client.onMessage(Move, () => {})
  // @ts-expect-error wrong field
  client.send(Chat, { txt: 'x' })
  // @ts-expect-error a key that is no field
  client.send(Chat, { text: 'x', loud: true })
  // @ts-expect-error wrong value of an enum
  client.send(Chat, { text: 'x', to: 'nobody' })
  // @ts-expect-error null is not undefined
  client.send(Chat, { text: 'x', to: null })
  // @ts-expect-error missing fields
  client.send(Move, { tick: 1 })
  // @ts-expect-error no such flag
  client.send(Move, { tick: 1, x: 0, y: 0, buttons: { run: true } })
  // @ts-expect-error the schema's input is a text
  client.send(Save, { state: { kind: 'a', at: new Date() } })

  if (Move.is(event)) event.message.x.toFixed()
  else if (Chat.is(event)) event.message.text.length
  // @ts-expect-error not narrowed
  event.message.text
  if (Chat.is(event)) {
    // @ts-expect-error a Chat has no x
    event.message.x
  }

  // @ts-expect-error not a field
  messages.define('Bad1', { x: string })
  // @ts-expect-error not a delivery
  messages.define('Bad2', {}, { delivery: 'fast' })
  // @ts-expect-error not a sender
  messages.define('Bad3', {}, { from: 'peer' })
  // @ts-expect-error not an option
  messages.define('Bad4', {}, { deliver: 'reliable' })
  // @ts-expect-error at least one name
  flags()
  // @ts-expect-error at least one value
  enumOf()
  // @ts-expect-error a maximum is needed
  string()
  // @ts-expect-error a maximum is needed
  array(uint8)
  // @ts-expect-error an object of no field's making
  array({}, 5)
  // @ts-expect-error ids are read only
  Move.id = 5
  const options: { ttlMs?: number | undefined } = {}
  messages.define('Good', {}, { ttlMs: options.ttlMs })
  const text: Field<string> = string(8)
  // @ts-expect-error a field of texts is none of numbers
  const wrong: Field<number> = text
  void wrong
}
