// The set of messages that the two sides of a game share.
import { fnv1a32, fnv1a64, hex64 } from '../wire/hash.js'
import type { Fields, InputValuesOf, ValuesOf } from './field.js'
import { MAX_DEFINITION_ID } from './limits.js'
import { MessageDefinition } from './message-definition.js'
import type { AnyMessageType, DefineOptions, MessageType, Sender } from './message-type.js'
import { describe } from './refusal.js'
import { type AnyRequestDefinition, RequestDefinition } from './request-definition.js'
import type { DefineRequestOptions, RequestTypeOf } from './request-type.js'

type AnyDefinition = MessageDefinition<string, any, any, any>

/**
 * Defines messages, once, in a module that both sides import. Client and server compare their definitions when they connect.
 *
 * ```ts
 * export const messages = new MessageFactory()
 * export const Chat = messages.define('Chat', { text: string(256) })
 * export type Chat = MessageOf<typeof Chat>
 * ```
 */
export class MessageFactory {
  readonly #byName = new Map<string, AnyDefinition>()
  readonly #givenIds = new Map<number, AnyDefinition>()
  readonly #requests: AnyRequestDefinition[] = []
  /** Index is the id; holes are undefined. Rebuilt by #assignIds. */
  #byId: (AnyDefinition | undefined)[] = []
  #inIdOrder: readonly AnyDefinition[] = []
  #hashes: readonly number[] | undefined
  /** False while a definition has been added that has no id yet. */
  #isAssigned = true
  #isFrozen = false

  /**
   * Defines a message. `name` has 1–64 characters and is unique; `fields` travel in the order in which they are written; see `DefineOptions` for the defaults.
   * Ids that are not given follow the sorted names, whatever the order of definition.
   * @throws TypeError or RangeError for an invalid or repeated name, id, field or option, and after an endpoint has taken the factory; Error where the platform forbids code generation
   */
  define<const Name extends string, F extends Fields, const From extends Sender = 'both'>(
    name: Name,
    fields: F,
    options: DefineOptions<From> = {},
  ): MessageType<Name, ValuesOf<F>, InputValuesOf<F>, From> {
    const definition = this.#make<Name, ValuesOf<F>, InputValuesOf<F>, From>('define', name, fields, options)
    this.#add(definition)
    return definition
  }

  /**
   * Defines a request: what one side asks, what the other answers, and by which codes it may refuse. It is two messages, `name` and `name.reply`, which stand among the others with ids of their own; so a name has 1–58 characters.
   * @example
   * const Buy = messages.defineRequest('Buy', { request: { item: uint16 }, reply: { gold: uint32 }, errors: ['no-money', 'sold-out'], from: 'client' })
   * @throws as `define`
   */
  defineRequest<
    const Name extends string,
    Q extends Fields,
    R extends Fields,
    const E extends string = never,
    const From extends Sender = 'both',
  >(name: Name, options: DefineRequestOptions<Q, R, E, From>): RequestTypeOf<Name, Q, R, E, From> {
    const made: AnyDefinition[] = []
    const request = new RequestDefinition<Name, InputValuesOf<Q>, ValuesOf<Q>, InputValuesOf<R>, ValuesOf<R>, E, From>(
      name,
      options,
      (messageName, fields, messageOptions) => {
        const definition = this.#make<string, unknown, unknown, Sender>('defineRequest', messageName, fields, messageOptions)
        made.push(definition)
        return definition
      },
    )
    for (const definition of made) this.#add(definition) // both or none
    this.#requests.push(request)
    return request
  }

  /** Ends the time of definition. An endpoint does so when it takes the factory; more calls are harmless. */
  freeze(): void {
    this.#assignIds()
    this.#isFrozen = true
  }

  /** The message of this id. @throws RangeError where there is none */
  getById(id: number): AnyMessageType {
    const type = this.typeById(id)
    if (type === undefined) throw new RangeError(`"id" expected that of a defined message, got ${describe(id)}`)
    return type
  }

  /** The message of this name. @throws RangeError where there is none */
  getByName(name: string): AnyMessageType {
    const type = this.#byName.get(name)
    if (type === undefined) throw new RangeError(`"name" expected that of a defined message, got ${describe(name)}`)
    return type
  }

  /** The message of this id, a whole number of 0 or more; undefined where there is none. For the receiving path: an array look-up. */
  typeById(id: number): AnyMessageType | undefined {
    if (!this.#isAssigned) this.#assignIds()
    // Beyond the array's end V8 would make this look-up slow for good.
    return id < this.#byId.length ? this.#byId[id] : undefined
  }

  /** All messages, in the order of their ids. */
  get definitions(): readonly AnyMessageType[] {
    this.#assignIds()
    return this.#inIdOrder
  }

  /** All requests, in the order of definition. @internal */
  get requests(): readonly AnyRequestDefinition[] {
    return this.#requests
  }

  /** A 32-bit FNV-1a hash of each of `definitions`, in their order, over what `fingerprint` covers. Where two sides differ, it says which definition does. */
  get definitionHashes(): readonly number[] {
    this.#assignIds()
    this.#hashes ??= this.#inIdOrder.map((definition) => fnv1a32(definition.signature)) // once: every Hello is compared with them
    return this.#hashes
  }

  /** 16 hex digits that are the same on two sides exactly when id, name, fields, delivery, from and channel of all messages are: the 64-bit FNV-1a hash of them. */
  get fingerprint(): string {
    this.#assignIds()
    return hex64(fnv1a64(this.#inIdOrder.map((definition) => definition.signature).join('\n')))
  }

  /** A definition that is not in the factory yet. */
  #make<Name extends string, Out, In, From extends Sender>(
    call: string,
    name: Name,
    fields: Fields,
    options: DefineOptions<From>,
  ): MessageDefinition<Name, Out, In, From> {
    if (this.#isFrozen)
      throw new TypeError(`${call}(${describe(name)}) expected to come before an endpoint takes this MessageFactory, got it after`)
    if (this.#byName.has(name)) throw new RangeError(`"name" expected one that is not defined yet, got ${describe(name)} again`)
    const definition = new MessageDefinition<Name, Out, In, From>(name, fields, options, () => this.#assignIds())
    const holder = this.#givenIds.get(options.id ?? -1)
    if (holder !== undefined)
      throw new RangeError(`"id" expected one that is not given yet, got ${options.id}, which ${describe(holder.name)} has`)
    return definition
  }

  #add(definition: AnyDefinition): void {
    if (this.#byName.size > MAX_DEFINITION_ID)
      throw new RangeError(`define expected at most ${MAX_DEFINITION_ID + 1} messages, got one more`)
    this.#byName.set(definition.name, definition)
    if (definition.givenId !== undefined) this.#givenIds.set(definition.givenId, definition)
    // Ids read so far may no longer be right.
    if (this.#isAssigned) for (const known of this.#inIdOrder) known.setId(-1)
    this.#isAssigned = false
  }

  #assignIds(): void {
    if (this.#isAssigned) return
    this.#isAssigned = true
    for (const [id, definition] of this.#givenIds) definition.setId(id)
    // By code units: the same on every machine, whatever its language.
    const names = [...this.#byName.keys()].sort()
    let next = 0
    for (const name of names) {
      const definition = this.#byName.get(name)!
      if (definition.givenId !== undefined) continue
      while (this.#givenIds.has(next)) next++
      definition.setId(next++)
    }
    this.#inIdOrder = Object.freeze([...this.#byName.values()].sort((a, b) => a.id - b.id))
    this.#byId = new Array<AnyDefinition | undefined>((this.#inIdOrder.at(-1)?.id ?? -1) + 1).fill(undefined)
    for (const definition of this.#inIdOrder) this.#byId[definition.id] = definition
  }
}
