// What the processes of this example say to one another, and the accidents that may happen.
export const ACCIDENTS = ['frozen', 'socket', 'address', 'server'] as const
export type Accident = (typeof ACCIDENTS)[number]

/** To the client's process. */
export type Order = 'close-socket' | 'stop-counting' | 'leave'

/** From a process: a line of its log, or how far it is. */
export type Report = { readonly line: string } | { readonly port: number } | { readonly sent: number; readonly done: number }

/** A connection on which nothing arrives for this long has ended: short, so that nobody has to wait. */
export const TIMEOUT_MS = 2000
