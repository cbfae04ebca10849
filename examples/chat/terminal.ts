// A chat client in a terminal, or driven by a pipe: a line in is a line said, and what comes stands above the line being typed.
import { createInterface } from 'node:readline'
import { RejectedError } from 'tickwire'
import { ChatClient, type ChatClientOptions } from './client.js'

/** Chats until /quit, the end of input, Ctrl-C or the end of the connection. Resolves to the exit code: 0 where the user ended it. */
export async function chatInTerminal(options: Omit<ChatClientOptions, 'show' | 'onEnd'>): Promise<number> {
  const { stdin, stdout } = process
  const isTerminal = stdin.isTTY === true && stdout.isTTY === true
  const lines = createInterface({ input: stdin, output: stdout, terminal: isTerminal, prompt: isTerminal ? '> ' : '' })
  const { promise: ended, resolve: end } = withResolvers<number>()
  let isPrompting = false
  const prompt = (isAgain: boolean): void => {
    if (isTerminal && isPrompting) lines.prompt(isAgain)
  }
  const chat = new ChatClient({
    ...options,
    show: (line) => {
      stdout.write(isTerminal ? `\r\x1b[K${line}\n` : `${line}\n`)
      prompt(true) // with what was being typed
    },
    onEnd: (reason) => {
      if (isTerminal && isPrompting) stdout.write('\r\x1b[K')
      isPrompting = false
      end(reason === 'closed' ? 0 : 1)
    },
  })
  lines.on('line', (line) => {
    chat.enter(line)
    prompt(false)
  })
  lines.pause() // until the server has let us in
  try {
    await chat.join()
    // Ctrl-C or Ctrl-D in a terminal, the end of a pipe.
    lines.on('close', () => {
      if (isTerminal && isPrompting) stdout.write('\r\x1b[K')
      isPrompting = false
      void chat.leave().then(() => end(0))
    })
    process.once('SIGTERM', () => lines.close())
    lines.resume()
    isPrompting = true
    prompt(false)
    return await ended
  } catch (error) {
    console.error(error instanceof RejectedError ? `${error.detail}${suggestionOf(error.data)}` : (error as Error).message)
    return 1
  } finally {
    lines.close()
  }
}

function suggestionOf(data: unknown): string {
  if (typeof data !== 'object' || data === null || !('suggestion' in data) || typeof data.suggestion !== 'string') return ''
  return `; try ${data.suggestion}`
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
