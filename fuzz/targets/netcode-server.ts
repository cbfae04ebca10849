// The netcode server, from the datagram on: raw bytes from strangers and from addresses that it knows, packets sealed with valid keys around changed contents, requests and challenges
// whose sealed parts were changed before they were sealed, repeats, and time.
import { seededEntropy } from '../../lib/io/random.js'
import { CONNECTION_REQUEST_BYTES, MIN_PENDING_CLIENTS, PACKET_RESPONSE } from '../../lib/netcode/constants.js'
import type { NetcodeServer } from '../../lib/netcode/netcode-server.js'
import { PacketCodec } from '../../lib/netcode/packet.js'
import { decodeSteps, encodeSteps, StepReader } from '../steps.js'
import { bytesOf, check, type Target, timeStep } from '../target.js'
import {
  clientAddress,
  connectClient,
  crypto,
  drainServer,
  keysOf,
  newServer,
  requestOf,
  Sealer,
  START,
  START_UNIX_SECONDS,
} from './netcode-world.js'

/** Kinds of steps. */
const RAW = 0
const SEALED = 1
const REQUEST = 2
const SEALED_REQUEST = 3
const RESPONSE = 4
const REPEAT = 5
const TIME = 6
const COMMAND = 7
const KINDS = 8

/** Where the sealed private token of a request begins, and its nonce. */
const TOKEN_OFFSET = 54
const NONCE_OFFSET = 30

const sealer = new Sealer()
const opener = new PacketCodec(crypto, 0x1122334455667788n)
/** The server draws its challenge key first of all from its entropy. */
const challengeKey = new Uint8Array(32)
seededEntropy(99).fill(challengeKey)
const REQUESTS = [0, 1, 2].map((i) => requestOf(i))

/** The requests of the three clients with their private tokens opened, so that they can be changed inside. */
const OPENED = REQUESTS.map((request) => {
  const opened = request.slice()
  const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1)
  check(
    crypto.openExtended(
      key,
      opened.slice(NONCE_OFFSET, TOKEN_OFFSET),
      opened.slice(1, NONCE_OFFSET),
      opened,
      TOKEN_OFFSET,
      CONNECTION_REQUEST_BYTES,
    ),
    'a request opens',
  )
  return opened
})
const PRIVATE_KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1)

class Run {
  readonly #server: NetcodeServer = newServer()
  #now = START
  #unixSeconds = START_UNIX_SECONDS
  /** Numbers of packets that were handed up, by client. */
  readonly #accepted = new Map<object, Set<number>>()
  /** Bytes received from and sent to addresses that have not proven that they receive. */
  readonly #balances = new Map<string, { received: number; sent: number }>()
  readonly #proven = new Set<string>()
  #last = { bytes: new Uint8Array(0), host: '', port: 0 }
  /** The challenge that client 1 was given last. */
  #challenge: { sequence: Uint8Array; token: Uint8Array } | undefined

  constructor() {
    connectClient(this.#server, 0)
    this.#drain()
    const { host, port } = clientAddress(0)
    this.#proven.add(`${host}:${port}`)
  }

  step(kind: number, body: Uint8Array): void {
    const read = new StepReader(body)
    switch (kind % KINDS) {
      case RAW:
        this.#deliver(read.uint8(), read.rest())
        return
      case SEALED: {
        const index = read.uint8() % 3
        const type = read.uint8()
        this.#deliver(index, this.#seal(index, type & 15, read.uint16() + (type >= 128 ? 2 ** 33 : 0), read.rest()))
        return
      }
      case REQUEST: {
        const index = read.uint8()
        const request = REQUESTS[index % 3]!.slice()
        const at = read.uint16()
        if (at < request.length) request.set(read.rest().subarray(0, request.length - at), at)
        this.#deliver(index, request)
        return
      }
      case SEALED_REQUEST: {
        const index = read.uint8()
        const request = OPENED[index % 3]!.slice()
        const at = read.uint16()
        if (at < request.length - 16) request.set(read.rest().subarray(0, request.length - 16 - at), at)
        crypto.sealExtended(
          PRIVATE_KEY,
          request.slice(NONCE_OFFSET, TOKEN_OFFSET),
          request.slice(1, NONCE_OFFSET),
          request,
          TOKEN_OFFSET,
          CONNECTION_REQUEST_BYTES - 16,
        )
        this.#deliver(index, request)
        return
      }
      case RESPONSE:
        this.#respond(read)
        return
      case REPEAT:
        this.#handle(this.#last.bytes.slice(), read.uint8() === 0 ? this.#last.host : clientAddress(2).host, this.#last.port)
        return
      case TIME: {
        const ms = read.uint16()
        this.#now += ms
        this.#unixSeconds += Math.floor(ms / 1000)
        this.#server.handleTimeout(this.#now, this.#unixSeconds)
        return
      }
      case COMMAND:
        this.#command(read.uint8())
    }
  }

  /** After each step. */
  check(): void {
    const server = this.#server
    for (let event = server.pollEvent(); event !== undefined; event = server.pollEvent()) {
      if (event.type === 'connected') this.#proven.add(`${event.client.address.host}:${event.client.address.port}`)
    }
    this.#drain()
    check(server.clientCount <= 2, 'no more clients than slots')
    check(server.pendingCount <= MIN_PENDING_CLIENTS, 'pending clients are bounded')
    check(server.nextDeadline() >= 0, 'the next deadline is a time')
    for (const client of server.clients) check(client.isConnected && client.index < 2, 'a client has one of the slots')
  }

  #seal(index: number, type: number, sequence: number, body: Uint8Array): Uint8Array {
    return sealer.seal(keysOf(index).clientToServerKey, type, sequence, body.subarray(0, 1300))
  }

  /** From client 0–2, or from a stranger. */
  #deliver(source: number, bytes: Uint8Array): void {
    const { host, port } = clientAddress(source % 3)
    if (source < 128) this.#handle(bytes, host, port)
    else this.#handle(bytes, '10.9.9.9', 1024 + source)
  }

  #handle(bytes: Uint8Array, host: string, port: number): void {
    this.#last = { bytes: bytes.slice(), host, port }
    this.#balance(host, port).received += bytes.length
    const packet = this.#server.handleDatagram(bytes, bytes.length, host, port, this.#now, this.#unixSeconds)
    if (packet === undefined) return
    check(packet.start >= 2 && packet.start <= packet.end && packet.end <= bytes.length - 16, 'a payload lies inside its datagram')
    check(packet.client.address.host === host && packet.client.address.port === port, 'a packet is of the client at its address')
    let accepted = this.#accepted.get(packet.client)
    if (accepted === undefined) {
      accepted = new Set()
      this.#accepted.set(packet.client, accepted)
    }
    check(!accepted.has(packet.sequence), 'no packet number is accepted twice')
    accepted.add(packet.sequence)
  }

  /** An answer to a challenge: the token as it was given, or sealed anew around changed bytes. */
  #respond(read: StepReader): void {
    if (this.#challenge === undefined) return
    const isForged = read.uint8() === 1
    const at = read.uint16()
    const body = new Uint8Array(308)
    body.set(this.#challenge.sequence)
    body.set(this.#challenge.token, 8)
    if (isForged) {
      const plain = new Uint8Array(300)
      const change = read.rest()
      if (at < 284) plain.set(change.subarray(0, 284 - at), at)
      const nonce = new Uint8Array(12)
      nonce.set(this.#challenge.sequence, 4)
      crypto.seal(challengeKey, nonce, new Uint8Array(0), plain, 0, 284)
      body.set(plain, 8)
    } else if (at < 308) body.set(read.rest().subarray(0, 308 - at), at)
    this.#deliver(1, this.#seal(1, PACKET_RESPONSE, 0, body))
  }

  #command(command: number): void {
    const server = this.#server
    const [client] = server.clients
    if (command === 0) server.acceptNewClients = !server.acceptNewClients
    else if (command === 1) server.disconnectAll()
    else if (command === 2) server.shiftDeadlines(500)
    else if (client !== undefined) server.sealKeepAlive(client, new Uint8Array(1280), this.#now)
  }

  #drain(): void {
    drainServer(this.#server, (bytes, host, port) => {
      const balance = this.#balance(host, port)
      balance.sent += bytes.length
      const isProven = this.#proven.has(`${host}:${port}`)
      check(isProven || balance.sent <= 0.31 * balance.received, 'an address that has proven nothing gets at most 0.31 bytes for a byte')
      if (port !== clientAddress(1).port || (bytes[0]! & 15) !== 2) return
      check(opener.readHeader(bytes, bytes.length), 'what the server sends has the form of a packet')
      if (!opener.open(keysOf(1).serverToClientKey, bytes)) return // of a token that was changed
      this.#challenge = {
        sequence: bytes.slice(opener.bodyStart, opener.bodyStart + 8),
        token: bytes.slice(opener.bodyStart + 8, opener.bodyEnd),
      }
    })
  }

  #balance(host: string, port: number): { received: number; sent: number } {
    const key = `${host}:${port}`
    let balance = this.#balances.get(key)
    if (balance === undefined) {
      balance = { received: 0, sent: 0 }
      this.#balances.set(key, balance)
    }
    return balance
  }
}

/** A step of the given kind. */
function step(kind: number, ...parts: readonly (number | Uint8Array)[]): { kind: number; bytes: Uint8Array } {
  return { kind, bytes: bytesOf(...parts) }
}

export const netcodeServer: Target = {
  name: 'netcode-server',
  about: 'datagrams to a netcode server: raw, sealed with valid keys, requests and challenges changed inside, repeats, time',
  format: 'steps',
  maxBytes: 4000,
  share: 2,
  dictionary: [
    bytesOf('NETCODE 1.02', 0),
    bytesOf(0x15, 1),
    bytesOf(0x14, 0),
    bytesOf(0x16, 0),
    bytesOf(0x23, 0, 1),
    bytesOf(0xff, 0xff, 0xff, 0xff),
    new Uint8Array(8),
  ],
  run(input) {
    const run = new Run()
    for (const { kind, bytes } of decodeSteps(input)) {
      timeStep(() => run.step(kind, bytes))
      run.check()
    }
  },
  seeds: () => [
    encodeSteps([
      step(SEALED, 0, 5, 7, 0, bytesOf('payload')),
      step(REPEAT, 0),
      step(SEALED, 0, 4, 8, 0, new Uint8Array(8)),
      step(SEALED, 0, 6, 9, 0),
    ]),
    encodeSteps([
      step(REQUEST, 1, 255, 255),
      step(RESPONSE, 0, 255, 255),
      step(SEALED, 1, 5, 3, 0, bytesOf('hi')),
      step(TIME, 100, 0),
      step(COMMAND, 3),
    ]),
    encodeSteps([step(REQUEST, 1, 255, 255), step(RESPONSE, 1, 8, 0, new Uint8Array(270))]),
    encodeSteps([
      step(SEALED_REQUEST, 1, 54, 0, new Uint8Array(8)),
      step(SEALED_REQUEST, 129, 62, 0, bytesOf(255, 255, 255, 255, 1, 0, 0, 0, 1)),
      step(TIME, 255, 255),
    ]),
    encodeSteps([
      step(REQUEST, 2, 255, 255),
      step(REQUEST, 1, 255, 255),
      step(RESPONSE, 0, 255, 255),
      step(REQUEST, 2, 255, 255),
      step(COMMAND, 1),
      step(COMMAND, 0),
      step(COMMAND, 2),
    ]),
    encodeSteps([step(RAW, 200, bytesOf(0)), step(RAW, 0, REQUESTS[0]!), step(RAW, 1, bytesOf(0x15, 1, 2, 3))]),
    encodeSteps([step(SEALED, 0, 133, 1, 0, bytesOf('x')), step(TIME, 0x88, 0x13), step(TIME, 0x88, 0x13)]),
  ],
}
