// Waits for what real sockets do, turn by turn of the event loop; no sleep is longer than the thing waited for.

const LIMIT_MS = 5000

/** Resolves once `condition` holds; rejects after five seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${LIMIT_MS} ms in vain for: ${what}`)
    await nextTurn()
  }
}

/** One turn of the event loop, in which sockets are read. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
