// The chat client without its terminal: joins, shows what comes, and does what a typed line asks for.
import { Client } from 'tickwire'
import { GAME, Kick, Members, messages, Notice, Said, Say } from './messages.js'
import { printable, readLine } from './rules.js'

export interface ChatClientOptions {
  readonly host: string
  readonly port: number
  readonly name: string
  readonly operatorKey?: string | undefined
  /** Shows a line to the user. */
  readonly show: (line: string) => void
  /** Called once, when the connection has ended, with the reason. */
  readonly onEnd?: (reason: string) => void
}

export class ChatClient {
  readonly #client = new Client({ messages, game: GAME })
  readonly #options: ChatClientOptions
  #members: readonly string[] = []

  constructor(options: ChatClientOptions) {
    this.#options = options
    const { show } = options
    this.#client.onMessage(Said, ({ speaker, text }) => show(`${printable(speaker)}: ${printable(text)}`))
    this.#client.onMessage(Notice, ({ text }) => show(`* ${printable(text)}`))
    this.#client.onMessage(Members, ({ names }) => {
      this.#members = names
    })
    this.#client.on('OnDisconnect', ({ reason, detail }) => {
      show(`* the connection has ended (${reason}${detail === '' ? '' : `: ${printable(detail)}`})`)
      void this.#client.close() // ends the loop too: a kicked client has nothing to wait for
      options.onEnd?.(reason)
    })
  }

  /** Names of those who are in. */
  get members(): readonly string[] {
    return this.#members
  }

  /** Rejects with a RejectedError where the server refuses: its `detail` says why, and its `data` may suggest a name. */
  async join(): Promise<void> {
    const { host, port, name, operatorKey } = this.#options
    await this.#client.connect({ host, port, name, data: operatorKey === undefined ? undefined : { operatorKey } })
    this.#client.run({ hz: 30 })
  }

  /** Does what a typed line asks for. */
  enter(line: string): void {
    const command = readLine(line)
    switch (command.kind) {
      case 'say':
        this.#client.send(Say, { text: command.text })
        return
      case 'kick':
        this.#client.send(Kick, { name: command.name, why: command.why })
        return
      case 'who':
        this.#options.show(`* in are: ${this.#members.join(', ')}`)
        return
      case 'quit':
        void this.leave()
        return
      case 'unknown':
        this.#options.show(`* ${command.text}`)
        return
      case 'nothing':
    }
  }

  /** What was said before still arrives. */
  leave(): Promise<void> {
    return this.#client.close('bye')
  }
}
