// What all three sides agree on: the game's name, its messages, and what the backend writes into a token for the game server.
import { MessageFactory, string } from 'tickwire'

export const GAME = 'tokens-example'

export const messages = new MessageFactory()
export const Greeting = messages.define('Greeting', { text: string(128) }, { from: 'server' })

/** Sealed for the game server: the player can neither read nor change it. */
export interface TokenData {
  readonly name: string
  readonly role: string
}

/** At most 256 bytes; the rest of `peer.tokenData` is zeros. */
export function writeTokenData(data: TokenData): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(data))
}

export function readTokenData(bytes: Uint8Array): TokenData {
  const end = bytes.indexOf(0)
  return JSON.parse(new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))) as TokenData // only our backend can have written it
}
