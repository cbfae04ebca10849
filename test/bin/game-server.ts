// Real servers on loopback for the command line to find.
import type { Test } from 'tap'
import { MessageFactory, Server, type ServerOptions, string, uint32 } from '../../lib/index.js'

/** Definitions of this game; `texts` is what a mismatched client has otherwise. */
export function gameMessages(texts = 100): MessageFactory {
  const messages = new MessageFactory()
  messages.define('Chat', { text: string(texts) })
  messages.define('Num', { n: uint32 })
  return messages
}

/** A server that listens on 127.0.0.1, updates itself, and closes with the test. */
export async function startServer(
  t: Test,
  options: Partial<ServerOptions> = {},
): Promise<{ server: Server; address: string; port: number }> {
  const server = new Server({ messages: gameMessages(), game: 'cli test', ...options })
  const { port } = await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 100 })
  t.teardown(() => server.close())
  return { server, address: `127.0.0.1:${port}`, port }
}
