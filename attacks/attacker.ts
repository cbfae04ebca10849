// The process of the attackers: from thousands of addresses of 127/8, at a given rate, for a given time, and never to anywhere but this host.
import { createSocket, type Socket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../lib/io/clock.js'
import { Random } from '../lib/io/random.js'
import { UdpTransport } from '../lib/io/udp-transport.js'
import { Insider } from './insider.js'
import { type InsiderAttack, insiderAttacks, type Memo } from './insider-attacks.js'
import { messages } from './messages.js'
import { type AttackDone, type AttackOrder, GAME, HOST, PRIVATE_KEY } from './protocol.js'
import { type StrangerAttack, strangerAttacks } from './strangers.js'

const UPDATE_MS = 1000 / 60
/** Players that attack together. */
const INSIDERS = 4
/** An attacker that was thrown out comes back after this. */
const REJOIN_MS = 100
/** Different datagrams of one attack; then they come again. */
const MAX_MADE = 4000
/** Sockets opened at once. */
const OPENED_AT_ONCE = 100

let seed = 1
let leave: () => Promise<void> = async () => {}
let begin: () => void = () => {}
const sockets: Socket[] = []
let replies = 0
let replyBytes = 0

process.on('message', (order: AttackOrder | 'begin' | 'leave' | 'close') => {
  if (order === 'close') process.exit(0)
  if (order === 'begin') return begin()
  if (order === 'leave') void leave().then(() => process.send!('left'))
  else
    void (order.kind === 'insider'
      ? attackInside(insiderAttacks[order.index]!, order)
      : attackOutside(strangerAttacks[order.index]!, order))
})
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {}) // the parent ends this process when it has its figures
process.send!('ready')

/** Everything is made; the attack waits for its order. */
function orderToBegin(): Promise<void> {
  process.send!('begun')
  return new Promise((resolve) => {
    begin = resolve
  })
}

/** Address number n: 127.16.0.1 and on, never one that the server or the players have. */
function addressOf(n: number): string {
  return `127.${16 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`
}

async function attackOutside(attack: StrangerAttack, { seconds, rate, addresses, targets }: AttackOrder): Promise<void> {
  await openSockets(addresses)
  const server = attack.target === 'token' ? targets.token : targets.open
  const port = attack.target === 'discovery' ? targets.discoveryPort : server.port
  const context = { random: new Random(seed), server, game: GAME, unixSeconds: Math.floor(Date.now() / 1000), privateKey: PRIVATE_KEY }
  const total = Math.ceil(rate * seconds)
  const made = Array.from({ length: Math.min(total, MAX_MADE) }, (_, n) => attack.make(seed + n, context))
  seed += made.length
  await orderToBegin()
  replies = 0
  replyBytes = 0
  let sent = 0
  let sentBytes = 0
  const start = performance.now()
  while (sent < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - start) / 1000) * rate))
    for (; sent < due; sent++) {
      const bytes = made[sent % made.length]!
      sockets[sent % sockets.length]!.send(bytes, port, HOST)
      sentBytes += bytes.length
    }
    if (performance.now() - start > 3000 * seconds) break // the machine is slower than the rate
    await sleep(2)
  }
  await sleep(50)
  leave = async () => {}
  process.send!({ sent, sentBytes, replies, replyBytes, ends: {} } satisfies AttackDone)
}

async function openSockets(count: number): Promise<void> {
  while (sockets.length < count) {
    const first = sockets.length
    const opened = Array.from({ length: Math.min(OPENED_AT_ONCE, count - first) }, (_, i) => openSocket(addressOf(first + i + 1)))
    sockets.push(...(await Promise.all(opened)))
  }
}

function openSocket(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', (message) => {
    replies++
    replyBytes += message.length
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port: 0 }, () => {
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

interface Seat {
  insider: Insider
  memo: Memo
  n: number
  rejoinAt: number
}

async function attackInside(attack: InsiderAttack, { seconds, rate, targets }: AttackOrder): Promise<void> {
  const ends: Record<string, number> = {}
  const total = { sent: 0, sentBytes: 0, replies: 0, replyBytes: 0 }
  const perUpdate = Math.max(1, Math.round((rate * UPDATE_MS) / 1000 / INSIDERS))
  let mayAttack = false
  const join = async (place: number): Promise<Seat> => {
    const transport = new UdpTransport({ clock: systemClock })
    const { hello, isMute, isSilent } = attack
    const { host, port } = targets.open
    const insider = new Insider({ transport, clock: systemClock, host, port, seed: seed++, messages, game: GAME, hello, isMute, isSilent })
    await insider.open(addressOf(60_000 + place))
    const seat: Seat = { insider, memo: { id: 0, value: undefined }, n: 0, rejoinAt: 0 }
    insider.onUpdate = () => {
      for (let i = 0; mayAttack && i < perUpdate && insider.state === 'in'; i++) {
        attack.fill(insider.payload.clear(), seat.n++, insider, seat.memo)
        insider.send()
      }
    }
    return seat
  }
  const settle = async ({ insider }: Seat): Promise<void> => {
    insider.leave()
    total.sent += insider.outPackets
    total.sentBytes += insider.outBytes
    total.replies += insider.inPackets
    total.replyBytes += insider.inBytes
    const why = insider.ended === 'left' ? 'played on' : insider.ended
    ends[why] = (ends[why] ?? 0) + 1
    await insider.close()
  }
  const seats = await Promise.all(Array.from({ length: INSIDERS }, (_, place) => join(place)))
  const step = async (): Promise<void> => {
    for (const seat of seats) seat.insider.update()
    await sleep(UPDATE_MS - (performance.now() % UPDATE_MS))
  }
  for (
    let i = 0;
    i < 60 && !attack.isMute && seats.some(({ insider }) => insider.state === 'connecting' || insider.state === 'greeting');
    i++
  )
    await step()
  await orderToBegin()
  mayAttack = true
  const until = performance.now() + seconds * 1000
  while (performance.now() < until) {
    await step()
    for (const [place, seat] of seats.entries()) {
      if (seat.insider.state !== 'ended') continue
      if (seat.rejoinAt === 0) seat.rejoinAt = performance.now() + REJOIN_MS
      if (performance.now() < seat.rejoinAt) continue
      await settle(seat)
      seats[place] = await join(place)
    }
  }
  mayAttack = false
  const left = new Promise<void>((resolve) => {
    leave = async () => {
      await Promise.all(seats.map(settle))
      resolve()
    }
  })
  const sums = (pick: (insider: Insider) => number): number => seats.reduce((sum, { insider }) => sum + pick(insider), 0)
  process.send!({
    sent: total.sent + sums(({ outPackets }) => outPackets),
    sentBytes: total.sentBytes + sums(({ outBytes }) => outBytes),
    replies: total.replies + sums(({ inPackets }) => inPackets),
    replyBytes: total.replyBytes + sums(({ inBytes }) => inBytes),
    ends: {
      ...ends,
      ...(seats.some(({ insider }) => insider.state !== 'ended')
        ? { 'played on': (ends['played on'] ?? 0) + seats.filter(({ insider }) => insider.state !== 'ended').length }
        : {}),
    },
  } satisfies AttackDone)
  await left
}
