// One defined message: the object that `define` returns. Checks the options; the factory gives the id.
import { MAX_CHANNELS, PRIORITIES } from '../wire/limits.js'
import { type Codec, compileCodec } from './compile-codec.js'
import { StructNode } from './composite-fields.js'
import type { Fields } from './field.js'
import { MAX_DEFINITION_ID, MAX_NAME_LENGTH, MAX_REDUNDANCY } from './limits.js'
import type { AnyMessageType, DefineOptions, Delivery, inBrand, MessageType, outBrand, Sender } from './message-type.js'
import { checkInteger, checkName, describe } from './refusal.js'

const DELIVERIES: readonly Delivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']
const SENDERS: readonly Sender[] = ['client', 'server', 'both']
const OPTIONS: readonly (keyof DefineOptions)[] = ['id', 'delivery', 'channel', 'priority', 'ttlMs', 'redundancy', 'from']

export class MessageDefinition<Name extends string, Out, In, From extends Sender> implements MessageType<Name, Out, In, From> {
  declare readonly [outBrand]: Out
  declare readonly [inBrand]: In
  readonly name: Name
  readonly from: From
  readonly delivery: Delivery
  readonly channel: number
  readonly priority: number
  readonly ttlMs: number | undefined
  readonly redundancy: number
  readonly codec: Codec
  /** The id that the options gave; undefined leaves it to the order of names. */
  readonly givenId: number | undefined
  readonly #fieldsText: string
  readonly #assignIds: () => void
  #id = -1

  /** `assignIds` gives ids to all definitions of the factory; called when one is asked for and not yet known. Throws TypeError or RangeError for what cannot be defined. */
  constructor(name: Name, fields: Fields, options: DefineOptions<From>, assignIds: () => void) {
    checkName('name', name, MAX_NAME_LENGTH)
    checkOptions(options)
    const node = new StructNode(fields, 'fields')
    this.name = name
    // The default of the type parameter is 'both' too.
    this.from = options.from ?? ('both' as From)
    this.delivery = options.delivery ?? 'ordered'
    this.channel = options.channel ?? 0
    this.priority = options.priority ?? 3
    this.ttlMs = options.ttlMs
    this.redundancy = options.redundancy ?? 0
    this.codec = compileCodec(name, node)
    this.givenId = options.id
    this.#fieldsText = JSON.stringify(node.signature)
    this.#assignIds = assignIds
  }

  get id(): number {
    if (this.#id < 0) this.#assignIds()
    return this.#id
  }

  /** For the factory: sets the id, or takes it back with −1. */
  setId(id: number): void {
    this.#id = id
  }

  /** What both sides must have alike, as text: id, name, fields, delivery, from and channel. Priority, ttlMs, redundancy and validators are each side's own affair. */
  get signature(): string {
    return `${JSON.stringify([this.id, this.name, this.delivery, this.from, this.channel])}${this.#fieldsText}`
  }

  is<E extends { type: AnyMessageType; message: unknown }>(
    event: E,
  ): event is E & { type: MessageType<Name, Out, In, From>; message: Out } {
    // By identity: a name or id may be another factory's.
    return event.type === (this as AnyMessageType)
  }
}

function checkOptions(options: DefineOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`"options" expected an object, got ${describe(options)}`)
  for (const key of Object.keys(options)) {
    if (!(OPTIONS as readonly string[]).includes(key)) throw new TypeError(`"options" expected ${OPTIONS.join(', ')}, got ${describe(key)}`)
  }
  const { id, delivery, channel, priority, ttlMs, redundancy, from } = options
  if (id !== undefined) checkInteger('id', id, 0, MAX_DEFINITION_ID)
  if (channel !== undefined) checkInteger('channel', channel, 0, MAX_CHANNELS - 1)
  if (priority !== undefined) checkInteger('priority', priority, 0, PRIORITIES - 1)
  if (redundancy !== undefined) checkInteger('redundancy', redundancy, 0, MAX_REDUNDANCY)
  if (delivery !== undefined) checkChoice('delivery', delivery, DELIVERIES)
  if (from !== undefined) checkChoice('from', from, SENDERS)
  if (ttlMs === undefined) return
  if (typeof ttlMs !== 'number') throw new TypeError(`"ttlMs" expected milliseconds above 0, got ${describe(ttlMs)}`)
  if (!(ttlMs > 0 && ttlMs < Number.POSITIVE_INFINITY)) throw new RangeError(`"ttlMs" expected milliseconds above 0, got ${ttlMs}`)
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return
  const text = `"${name}" expected ${choices.join(', ')}, got ${describe(value)}`
  throw typeof value === 'string' ? new RangeError(text) : new TypeError(text)
}
