// The transports that tickwire is measured on.
import { MessageFactory, Server, type ServerOptions } from 'tickwire'

export type TransportKind = 'batched' | 'dgram'

export const TRANSPORT_KINDS: readonly TransportKind[] = ['batched', 'dgram']

/** What `Client` and `Server` take as the option `transport`. */
export function transportOption(kind: TransportKind): Pick<ServerOptions, 'transport'> {
  return { transport: kind }
}

/** Why this transport does not work here; undefined where it does. */
export async function whyUnavailable(kind: TransportKind): Promise<string | undefined> {
  try {
    const server = new Server({ messages: new MessageFactory(), ...transportOption(kind) })
    await server.listen({ host: '127.0.0.1' })
    await server.close()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
