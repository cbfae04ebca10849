// A bug behind three bytes, to show that the fuzzer finds what only coverage leads to. Not among the targets unless asked for by name.
import type { Target } from '../target.js'

/** Throws for inputs that begin with 0x54 0x57 0x6c. By chance alone, one in 16 million does. */
function decodePlanted(bytes: Uint8Array): number {
  if (bytes[0] !== 0x54) return 0
  if (bytes[1] !== 0x57) return 1
  if (bytes[2] !== 0x6c) return 2
  throw new Error('the planted bug')
}

export const planted: Target = {
  name: 'planted',
  about: 'a bug behind three bytes: proves that the fuzzer finds it',
  format: 'bytes',
  maxBytes: 64,
  share: 1,
  dictionary: [],
  run(input) {
    decodePlanted(input)
  },
  seeds: () => [new Uint8Array(4)],
}
