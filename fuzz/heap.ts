import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in use after a garbage collection, those of array buffers included. */
export function heapBytes(): number {
  for (let i = 0; i < 2; i++) collectGarbage() // array buffers are swept beside; the next round waits for it
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
