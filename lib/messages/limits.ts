// The bounds of definitions and fields, with unit and reason. Bounds of traffic are in ../wire/limits.ts.

/** The highest id of a definition: ids are varints on the wire, two bytes at most. */
export const MAX_DEFINITION_ID = 16_383 // 2^14 − 1

/** Characters of a definition's or a field's name. */
export const MAX_NAME_LENGTH = 64

/** Error codes of one request: with the library's own four, what one byte tells apart. */
export const MAX_REQUEST_ERRORS = 252 // 256 − 4

/** Bytes of what a responder says beside an error code: a sentence for a player, in any language. */
export const MAX_DETAIL_BYTES = 512

/** The longest `timeoutMs` of a request, in ms: 24 days. */
export const MAX_REQUEST_TIMEOUT_MS = 2 ** 31 - 1

/** Packets that `redundancy` may repeat a message in. At 60 packets a second, 16 bridge a quarter of a second. */
export const MAX_REDUNDANCY = 16

/** Names in one `flags` field: what a 32-bit mask in a game's own state holds. */
export const MAX_FLAGS = 32

/** Values of one `enumOf` field: two bytes tell that many apart. */
export const MAX_ENUM_VALUES = 65_536

/** The largest `max` of an `array` field: a map of 256 × 256 cells. */
export const MAX_ARRAY_LENGTH = 65_536

/** Containers within containers in a `packed` value. Neither side's recursion goes deeper, so no bytes can exhaust the stack. */
export const MAX_PACKED_DEPTH = 32

/**
 * Values of one `packed` value, in all its arrays and objects together: an element or member counts one, an array or object three more, as it costs more to make. Without a bound 256 KiB
 * could be a quarter million objects, and everybody would wait for tens of milliseconds while they are made.
 */
export const MAX_PACKED_VALUES = 131_072
export const PACKED_CONTAINER_VALUES = 3

/** Steps of one `quantized` field: what four bytes count. */
export const MAX_QUANTIZED_STEPS = 0xffffffff
