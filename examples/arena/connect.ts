import { type Client, NetworkError } from 'tickwire'
import type { FoundArena } from './find-arena.js'

/** At heavy loss an attempt to connect can fail. A client may try again. */
const ATTEMPTS = 3

/** Lets a client into the arena. Rejects with what the last attempt said, and at once where the client was closed meanwhile. */
export async function connectTo(arena: FoundArena, client: Client, name: string, attemptsLeft = ATTEMPTS): Promise<void> {
  try {
    await client.connect({ host: arena.host, port: arena.port, name })
  } catch (error) {
    const isClosed = error instanceof NetworkError && error.code === 'ABORTED'
    if (attemptsLeft <= 1 || isClosed) throw error
    await connectTo(arena, client, name, attemptsLeft - 1)
  }
}
