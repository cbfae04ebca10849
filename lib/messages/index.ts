// What games use of this layer.
export { bytes, string } from './byte-fields.js'
export { bool, enumOf, flags } from './choice-fields.js'
export { array, optional, struct } from './composite-fields.js'
export type { Field, Fields, InputValuesOf, OptionalField, ValuesOf } from './field.js'
export { MessageFactory } from './message-factory.js'
export type { AnyMessageType, DefineOptions, Delivery, InputOf, MessageOf, MessageType, Sender } from './message-type.js'
export { float32, float64, int8, int16, int32, quantized, uint8, uint16, uint32, varint, varuint } from './number-fields.js'
export { packed } from './packed-field.js'
export type {
  AnyRequestType,
  DefineRequestOptions,
  ReplyInputOf,
  ReplyOf,
  RequestErrorOf,
  RequestFailure,
  RequestInputOf,
  RequestOf,
  RequestType,
  RequestTypeOf,
} from './request-type.js'
