// What decoding has cost, counted where a few bytes make much: elements of arrays, and values inside `packed` data. An endpoint reads it before and after each message and takes
// it from what the peer may send, so that a message of a quarter million values is not as cheap as a chat line.

/** Values that were decoded as elements of arrays or inside packed data, since the process began. Every eighth of them for booleans, which stand eight a byte. */
export const decodeWork = { values: 0 }
