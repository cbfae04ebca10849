// The frame types of a packet's payload. docs/PROTOCOL.md gives every byte; the tables there and the numbers here are held together by a test.
//
// A message inside a run or frame is always: type (varint), length (varint), payload. Below 128 each, that is 2 bytes of header.
// `id` and `number` are the low 24 bits of a message's number. A replayed packet is at most 4096 packets old (the link's replay window) and a packet holds
// at most 591 messages (1183 bytes ÷ 2), so what arrives is at most 2.4 million numbers old, and 2^23 = 8.4 million can be told apart.

/** One byte that says nothing. */
export const PADDING = 0x00
/** largest u32, delay varint (1/16 ms), further ranges u8, length − 1 varint, then per further range: gap − 1 varint, length − 1 varint. */
export const ACK = 0x01
/** Reserved for acks with ECN counts; not sent. */
export const ACK_ECN = 0x02
/** sent f64 (the sender's clock, ms; see isClockTime). Ack-eliciting. */
export const PING = 0x03
/** the ping's sent f64, ping received f64, pong sent f64, tick f64, ms per tick f64 (0 where no fixed loop runs; see isLoopTick). */
export const PONG = 0x04
/** lane u8 (see laneIndex), message limit (low 24 bits), byte limit varint. */
export const WINDOW = 0x05

/** count u8, then messages. */
export const UNRELIABLE = 0x10
/** number u24, then one message: an unreliable message that may be repeated. */
export const UNRELIABLE_NUMBERED = 0x11
/** number u24, then one message: the number counts per definition. */
export const SEQUENCED = 0x12
/** channel u8, first id u24, count u8, then messages of consecutive ids. */
export const RELIABLE = 0x13
/** As RELIABLE, delivered in order. */
export const ORDERED = 0x14
/** As RELIABLE and ORDERED, for messages of one type and size: both are said once, behind the count, and payloads follow. */
export const RELIABLE_ALIKE = 0x15
export const ORDERED_ALIKE = 0x16
/** number u24, type varint, total bytes varint, first block varint, length varint, bytes. */
export const UNRELIABLE_FRAGMENT = 0x18
export const SEQUENCED_FRAGMENT = 0x19
/** channel u8, id u24, type varint, total bytes varint, first block varint, length varint, bytes. */
export const RELIABLE_FRAGMENT = 0x1a
export const ORDERED_FRAGMENT = 0x1b

/** Frame types from here on carry a varint length behind the type, and are skipped where unknown. */
export const FIRST_SKIPPABLE = 0x40

/** Messages in one run. */
export const MAX_RUN_MESSAGES = 255

/** A run of at most so many messages that are alike says their type and size once: two bytes fewer each, for a copy within the packet that long runs do not pay. */
export const MAX_ALIKE_MESSAGES = 8

/** Header bytes of a RELIABLE or ORDERED run. */
export const RUN_HEADER_BYTES = 6

/** Header bytes of a SEQUENCED or UNRELIABLE_NUMBERED frame. */
export const NUMBERED_HEADER_BYTES = 4

/** The most that the header of a fragment takes: type 1, channel 1, id 3, message type 3, total 4, first block 3, length 2. */
export const FRAGMENT_HEADER_BYTES = 17

/** Units of the ack delay in one millisecond. */
export const ACK_DELAY_UNITS_PER_MS = 16

/** The largest number on a clock, in ms, and the largest tick: 35,000 years. Sums and differences of such numbers stay exact to the millisecond. */
const MAX_CLOCK = 2 ** 50

/** Whether a number from the wire can be a clock's time in ms. Not so NaN and infinities, which a client's clock would keep for ever. */
export function isClockTime(time: number): boolean {
  return Math.abs(time) <= MAX_CLOCK
}

/** Whether a tick and the milliseconds of one can be those of a loop: 1 to 1000 times a second, or of none (0). */
export function isLoopTick(tick: number, tickMs: number): boolean {
  return tick >= 0 && tick <= MAX_CLOCK && (tickMs === 0 || (tickMs >= 1 && tickMs <= 1000))
}
