// All targets, in the order in which they have their turn.
import type { Target } from '../target.js'
import { addresses } from './addresses.js'
import { control } from './control.js'
import { discovery } from './discovery.js'
import { endpointClient } from './endpoint-client.js'
import { endpointServer } from './endpoint-server.js'
import { frames } from './frames.js'
import { memories } from './memories.js'
import { messages } from './messages.js'
import { netcodeClient } from './netcode-client.js'
import { netcodeServer } from './netcode-server.js'
import { operations } from './operations.js'
import { packedFields } from './packed.js'
import { planted } from './planted.js'
import { text } from './text.js'
import { tokens } from './tokens.js'
import { wire } from './wire.js'

export const targets: readonly Target[] = [
  wire,
  text,
  addresses,
  tokens,
  messages,
  packedFields,
  control,
  discovery,
  memories,
  netcodeServer,
  netcodeClient,
  frames,
  operations,
  endpointServer,
  endpointClient,
]

/** The target of this name; `planted` too, which is in no list. */
export function findTarget(name: string): Target | undefined {
  return [...targets, planted].find((target) => target.name === name)
}
