// The player's side: logs in over HTTP, gets a token, connects with it.
import { Client } from 'tickwire'
import { GAME, messages } from './messages.js'

/** A client that waits for an answer no longer than two seconds. */
export function createClient(): Client {
  return new Client({ messages, game: GAME, timeoutMs: 2000 })
}

/** Resolves to a connect token. Rejects with what the backend says. */
export async function login(url: string, name: string, password: string): Promise<Uint8Array> {
  const response = await fetch(`${url}/login`, { method: 'POST', body: JSON.stringify({ name, password }) })
  if (!response.ok) throw new Error(`the backend said ${response.status}: ${await response.text()}`)
  return new Uint8Array(await response.arrayBuffer())
}
