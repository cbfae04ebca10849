// A bad link: a UDP proxy on loopback between players and server that delays and loses datagrams both ways, so that real sockets meet real loss. It cannot read what it carries.
//
//   player ──▸ front socket ──loss, delay──▸ a socket per player ──▸ server, and back the same way
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Random } from 'tickwire/simulator'

const HOST = '127.0.0.1'

/** Which datagrams are lost follows from this, and from when they come. */
const SEED = 7

export interface BadLinkOptions {
  readonly serverPort: number
  /** Added to each datagram on its way, in each direction. */
  readonly latencyMs: number
  /** The share of datagrams that is lost in each direction, 0–1. */
  readonly loss: number
  /** Ports that datagrams come from on the players' side. Those of further ones are dropped. */
  readonly maxClients: number
}

export class BadLink {
  readonly #options: BadLinkOptions
  readonly #random = new Random(SEED)
  readonly #front = createSocket('udp4')
  /** By the port of the player. */
  readonly #backs = new Map<number, Socket>()
  #isClosed = false

  private constructor(options: BadLinkOptions) {
    this.#options = options
    this.#front.on('message', (datagram, source) => this.#carryToServer(datagram, source.port))
    this.#front.on('error', ignore)
  }

  /** Opens a bad link on a port that the system chooses. */
  static async open(options: BadLinkOptions): Promise<BadLink> {
    const link = new BadLink(options)
    link.#front.bind(0, HOST)
    await once(link.#front, 'listening')
    return link
  }

  /** Where players connect to. */
  get port(): number {
    return this.#front.address().port
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#front.close()
    for (const back of this.#backs.values()) back.close()
  }

  #carryToServer(datagram: Buffer, playerPort: number): void {
    const back = this.#backs.get(playerPort) ?? this.#openBack(playerPort)
    if (back !== undefined) this.#carry(back, datagram, this.#options.serverPort)
  }

  /** The socket that stands for this player towards the server. */
  #openBack(playerPort: number): Socket | undefined {
    if (this.#backs.size >= this.#options.maxClients) return undefined
    const back = createSocket('udp4')
    back.on('message', (datagram) => this.#carry(this.#front, datagram, playerPort))
    back.on('error', ignore)
    back.bind(0, HOST)
    this.#backs.set(playerPort, back)
    return back
  }

  #carry(from: Socket, datagram: Buffer, targetPort: number): void {
    const { loss, latencyMs } = this.#options
    if (this.#random.next() < loss) return
    const send = (): void => {
      if (!this.#isClosed) from.send(datagram, targetPort, HOST, ignore)
    }
    if (latencyMs === 0) send()
    else setTimeout(send, latencyMs) // timers of one duration run in the order in which they were set: nothing overtakes
  }
}

/** A datagram that the system does not take is a lost one, as on any bad link. */
function ignore(): void {}
