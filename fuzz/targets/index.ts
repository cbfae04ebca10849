// All targets, in the order in which they have their turn. Each is loaded when it is asked for: what the others need of the library need not be instrumented then.
import type { Target } from '../target.js'

const LOADERS: Readonly<Record<string, () => Promise<Target>>> = {
  wire: async () => (await import('./wire.js')).wire,
  text: async () => (await import('./text.js')).text,
  addresses: async () => (await import('./addresses.js')).addresses,
  tokens: async () => (await import('./tokens.js')).tokens,
  messages: async () => (await import('./messages.js')).messages,
  packed: async () => (await import('./packed.js')).packedFields,
  control: async () => (await import('./control.js')).control,
  discovery: async () => (await import('./discovery.js')).discovery,
  memories: async () => (await import('./memories.js')).memories,
  'netcode-server': async () => (await import('./netcode-server.js')).netcodeServer,
  'netcode-client': async () => (await import('./netcode-client.js')).netcodeClient,
  frames: async () => (await import('./frames.js')).frames,
  operations: async () => (await import('./operations.js')).operations,
  'endpoint-server': async () => (await import('./endpoint-server.js')).endpointServer,
  'endpoint-client': async () => (await import('./endpoint-client.js')).endpointClient,
}

export const TARGET_NAMES: readonly string[] = Object.keys(LOADERS)

/** The targets of these names, in this order. `planted` is one too, which is in no list. */
export async function loadTargets(names: readonly string[]): Promise<Target[]> {
  const targets: Target[] = []
  for (const name of names) targets.push(name === 'planted' ? (await import('./planted.js')).planted : await LOADERS[name]!())
  return targets
}
