// The loop that drives a library in this thread: sends up to a window, gives the event loop a turn, looks what has arrived.

/** With nothing arriving for this long, messages of an unreliable delivery that are still missing are lost. Loopback takes microseconds. */
const LOST_AFTER_MS = 50

/** … and for so many turns of the event loop: one turn may take longer than that while code is compiled. */
const LOST_AFTER_TURNS = 20

/** What to pump. */
export interface Pump {
  readonly count: number
  /** Messages that may be under way: enough to keep the library busy, few enough for its buffers. */
  readonly window: number
  readonly deadlineMs: number
  /** Gives up messages that do not arrive. */
  readonly isLossy?: boolean
  /** Sends message `number`, or queues it. */
  send(number: number): void
  /** Called once before each turn of the event loop, when the window is full: for what was queued. */
  flush?(): void
  /** Messages that have arrived and were right. Throws where one was not. */
  received(): number
}

/** Pumps until all messages have arrived, are lost, or the deadline has passed. `seconds` ends with the last arrival. */
export async function pump(options: Pump): Promise<{ sent: number; received: number; seconds: number }> {
  const { count, window, deadlineMs, isLossy = false } = options
  const start = performance.now()
  let lastArrival = start
  let sent = 0
  let received = 0
  let lost = 0
  let idleTurns = 0
  while (received + lost < count) {
    while (sent < count && sent - received - lost < window) options.send(sent++)
    options.flush?.()
    await nextTurn()
    const now = performance.now()
    const total = options.received()
    if (total > received) {
      received = total
      lastArrival = now
      idleTurns = 0
    } else if (isLossy && ++idleTurns > LOST_AFTER_TURNS && now - lastArrival > LOST_AFTER_MS) {
      lost = sent - received
    }
    if (now - start > deadlineMs) break
  }
  return { sent, received, seconds: (lastArrival - start) / 1000 }
}

/** A window in messages for a window in bytes, within what small and large messages need. */
export function windowOf(bytes: number, windowBytes: number, maxMessages = 4096): number {
  return Math.max(4, Math.min(maxMessages, Math.floor(windowBytes / bytes)))
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
