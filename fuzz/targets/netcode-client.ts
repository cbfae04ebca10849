// The netcode client, in each of its states: raw bytes, and packets of the server sealed with the valid key around changed contents.
import { SENDING_REQUEST } from '../../lib/netcode/client-state.js'
import { NetcodeClient } from '../../lib/netcode/netcode-client.js'
import { decodeSteps, encodeSteps, StepReader } from '../steps.js'
import { bytesOf, check, type Target, timeStep } from '../target.js'
import { crypto, drainClient, keysOf, SERVER_ADDRESS, Sealer, START, TOKENS } from './netcode-world.js'

const RAW = 0
const SEALED = 1
const TIME = 2
const COMMAND = 3
const KINDS = 4

const sealer = new Sealer()
const out = new Uint8Array(1280)

class Run {
  readonly #client = new NetcodeClient({ crypto })
  #now = START
  readonly #accepted = new Set<number>()
  #isOfNewToken = false

  constructor() {
    this.#client.connect(TOKENS[0]!, START)
  }

  step(kind: number, body: Uint8Array): void {
    const read = new StepReader(body)
    const client = this.#client
    switch (kind % KINDS) {
      case RAW:
        this.#handle(read.uint8(), read.rest())
        break
      case SEALED: {
        const source = read.uint8()
        const type = read.uint8()
        const sequence = read.uint16() + (type >= 128 ? 2 ** 33 : 0)
        this.#handle(
          source,
          sealer.seal(keysOf(this.#isOfNewToken ? 1 : 0).serverToClientKey, type & 15, sequence, read.rest().subarray(0, 1300)),
        )
        break
      }
      case TIME:
        this.#now += read.uint16()
        client.handleTimeout(this.#now)
        break
      case COMMAND:
        this.#command(read.uint8(), read.uint8())
    }
    drainClient(client, (bytes) => check(bytes.length <= 1200, 'a datagram has at most 1200 bytes'))
    check(client.state <= 0 || client.nextDeadline() > 0, 'a client that is not done waits for something')
    check(client.lastReceivedAt <= this.#now, 'nothing was received in the future')
  }

  #handle(source: number, bytes: Uint8Array): void {
    const { host, port } = SERVER_ADDRESS
    const packet = this.#client.handleDatagram(bytes, bytes.length, host, source === 255 ? port + 1 : port, this.#now)
    if (packet === undefined) return
    check(source !== 255, 'a stranger is not heard')
    check(packet.start >= 2 && packet.start <= packet.end && packet.end <= bytes.length - 16, 'a payload lies inside its datagram')
    check(!this.#accepted.has(packet.sequence), 'no packet number is accepted twice')
    this.#accepted.add(packet.sequence)
  }

  #command(command: number, value: number): void {
    const client = this.#client
    if (command === 0) client.disconnect()
    else if (command === 1 && client.state <= 0) {
      // Under the keys of the same token, what was received stays received.
      if (value === 1 && !this.#isOfNewToken) {
        this.#isOfNewToken = true
        this.#accepted.clear()
      }
      client.connect(TOKENS[this.#isOfNewToken ? 1 : 0]!, this.#now)
      check(client.state === SENDING_REQUEST, 'a client that connects sends requests')
    } else if (command === 2) client.handleUnreachable(this.#now)
    else if (command === 3) client.limitTimeout(1 + value * 20)
    else if (command === 4) client.shiftDeadlines(value)
    else if (client.stateName === 'connected') client.sealPayload(out, 1 + value, this.#now)
  }
}

function step(kind: number, ...parts: readonly (number | Uint8Array)[]): { kind: number; bytes: Uint8Array } {
  return { kind, bytes: bytesOf(...parts) }
}

const challenge = step(SEALED, 0, 2, 0, 0, new Uint8Array(308))
const keepAlive = step(SEALED, 0, 4, 1, 0, bytesOf(3, 0, 0, 0, 64, 0, 0, 0))

export const netcodeClient: Target = {
  name: 'netcode-client',
  about: 'datagrams to a netcode client in each of its states: raw and sealed with the valid key, time, commands',
  format: 'steps',
  maxBytes: 4000,
  share: 12,
  dictionary: [bytesOf(0x15, 1), bytesOf(0x14, 0), bytesOf(0x16, 0), bytesOf(0xff, 0xff, 0xff, 0xff), new Uint8Array(8)],
  run(input) {
    const run = new Run()
    for (const { kind, bytes } of decodeSteps(input)) {
      timeStep(() => run.step(kind, bytes))
    }
  },
  seeds: () => [
    encodeSteps([challenge, keepAlive, step(SEALED, 0, 5, 2, 0, bytesOf('payload')), step(SEALED, 0, 6, 3, 0)]),
    encodeSteps([
      challenge,
      keepAlive,
      step(COMMAND, 5, 40),
      step(TIME, 200, 0),
      step(COMMAND, 0, 0),
      step(COMMAND, 1, 0),
      challenge,
      keepAlive,
    ]),
    encodeSteps([challenge, step(SEALED, 0, 1, 0, 0), step(COMMAND, 1, 1), step(TIME, 0x10, 0x27)]),
    encodeSteps([step(SEALED, 0, 1, 0, 0), step(COMMAND, 2, 0), step(RAW, 0, bytesOf(0x12, 0, 1))]),
    encodeSteps([challenge, keepAlive, step(COMMAND, 3, 10), step(COMMAND, 4, 200), step(TIME, 0x88, 0x13), step(TIME, 0xff, 0xff)]),
    encodeSteps([challenge, keepAlive, step(SEALED, 0, 133, 0, 0, bytesOf('x')), step(SEALED, 255, 5, 9, 0, bytesOf('x'))]),
  ],
}
