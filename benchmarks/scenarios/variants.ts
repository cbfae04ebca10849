// Kinds of tickwire that the simulated scenarios measure beside one another.
import type { ClientOptions, ServerOptions } from 'tickwire'

export interface Variant {
  readonly name: string
  /** Options of both ends, beside those of the scenario. */
  readonly options: Partial<Omit<ClientOptions & ServerOptions, 'messages' | 'transport' | 'clock' | 'entropy'>>
}

export const VARIANTS: readonly Variant[] = [
  { name: 'tickwire', options: {} },
  { name: 'tickwire cubic', options: { congestionControl: 'cubic' } },
]
