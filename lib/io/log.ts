// What the library prints: warnings for developers, and with TICKWIRE_DEBUG=1 the handshake and why things were dropped.

/** Whether the environment asks for the debug log. */
export const isDebugging = process.env.TICKWIRE_DEBUG === '1'

/** Prints a warning to standard error. Callers see to it that each is said once. */
export function warn(text: string): void {
  console.warn(`tickwire: ${text}`)
}

/** Prints a line of the debug log, with the time since the process began. Call it only where `isDebugging`. */
export function debug(text: string): void {
  console.error(`tickwire ${performance.now().toFixed(1)} ms: ${text}`)
}
