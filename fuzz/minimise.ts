/** Runs that one minimising may cost. */
const MAX_TRIES = 3000

/** A shorter input that still fails: parts are left out, from halves down to single bytes; then bytes become zero. */
export async function minimise(input: Uint8Array, fails: (candidate: Uint8Array) => Promise<boolean>): Promise<Uint8Array> {
  let best = input
  let tries = 0
  for (let size = best.length >> 1; size >= 1 && tries < MAX_TRIES; size = size >> 1) {
    for (let at = 0; at + size <= best.length && tries < MAX_TRIES; ) {
      const candidate = without(best, at, size)
      tries++
      if (await fails(candidate)) best = candidate
      else at += size
    }
  }
  for (let at = 0; at < best.length && tries < MAX_TRIES; at++) {
    if (best[at] === 0) continue
    const candidate = best.slice()
    candidate[at] = 0
    tries++
    if (await fails(candidate)) best = candidate
  }
  return best
}

function without(input: Uint8Array, at: number, size: number): Uint8Array {
  const shorter = new Uint8Array(input.length - size)
  shorter.set(input.subarray(0, at))
  shorter.set(input.subarray(at + size), at)
  return shorter
}
