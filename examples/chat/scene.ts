// A scripted evening: four people in one process, over real UDP. Each line shows whose screen it stands on.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { RejectedError } from 'tickwire'
import { ChatClient } from './client.js'
import { openChatServer } from './server.js'

const WAIT_MS = 10_000

/** Plays it, and resolves when everyone has gone. */
export async function playScene(print: (line: string) => void): Promise<void> {
  const operatorKey = randomBytes(16).toString('hex')
  const server = await openChatServer({ host: '127.0.0.1', port: 0, operatorKey, log: (line) => print(`[server] ${line}`) })
  try {
    const { port } = server.address!
    const guest = (name: string, key?: string): Guest => new Guest({ name, port, operatorKey: key, print })
    const ada = guest('ada', operatorKey)
    await ada.join()
    const bob = guest('bob')
    await bob.join()

    await guest('Ada').join() // refused: only the case differs
    await guest('no spaces, please').join() // refused
    await guest('mallory', 'a guess').join() // refused: that is not the key
    const eve = guest('eve')
    await eve.join()

    ada.says('hello, all')
    for (const word of ['one', 'two', 'three']) bob.says(word) // they arrive in this order, at everyone
    await eve.sees('bob: three')
    eve.says('/kick ada I want your seat')
    await eve.sees('* only operators may kick')
    ada.says('/kick eve that is not how it works here')
    await bob.sees('* eve has left (kicked: that is not how it works here)')
    bob.says('/who')
    bob.says('/quit')
    await ada.sees('* bob has left (closed: bye)')
  } finally {
    await server.close('good night')
  }
}

class Guest {
  readonly #name: string
  readonly #seen: string[] = []
  readonly #chat: ChatClient
  readonly #print: (line: string) => void

  constructor({
    name,
    port,
    operatorKey,
    print,
  }: { name: string; port: number; operatorKey: string | undefined; print: (line: string) => void }) {
    this.#name = name
    this.#print = (line) => print(`[${name}] ${line}`)
    const show = (line: string): void => {
      this.#seen.push(line)
      this.#print(line)
    }
    this.#chat = new ChatClient({ host: '127.0.0.1', port, name, operatorKey, show })
  }

  /** Shows why where the server refuses. */
  async join(): Promise<void> {
    try {
      await this.#chat.join()
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      this.#print(`refused: ${error.detail} ${JSON.stringify(error.data)}`)
    }
  }

  says(line: string): void {
    this.#chat.enter(line)
  }

  /** Resolves when this line stands on the guest's screen. */
  async sees(line: string): Promise<void> {
    for (const end = performance.now() + WAIT_MS; !this.#seen.includes(line); await sleep(10)) {
      if (performance.now() > end)
        throw new Error(`${this.#name} expected to see "${line}" within ${WAIT_MS} ms, and saw ${JSON.stringify(this.#seen)}`)
    }
  }
}
