// Channels of node:diagnostics_channel, for whoever traces a whole process. Asked for at run time and not imported: where there is no such module, as in a browser, nobody listens.

/** One of node's channels, as much of it as is used here. */
export interface DiagnosticsChannel {
  /** Whether a message has a reader: where not, none is built. */
  readonly hasSubscribers: boolean
  publish(message: object): void
}

const SILENT: DiagnosticsChannel = { hasSubscribers: false, publish() {} }

// The name is the module's own, and so is its type.
const node = globalThis.process?.getBuiltinModule?.('node:diagnostics_channel')

function channelOf(name: string): DiagnosticsChannel {
  return node?.channel(`tickwire:${name}`) ?? SILENT
}

/** Held here, as node forgets a channel that nobody refers to. */
export const diagnostics = {
  connect: channelOf('connect'),
  away: channelOf('away'),
  resume: channelOf('resume'),
  disconnect: channelOf('disconnect'),
  message: channelOf('message'),
  drop: channelOf('drop'),
  error: channelOf('error'),
} as const
