// A player that plays by itself, in a process of its own: runs for the gem that the last snapshot shows, and chats.
import { Client } from 'tickwire'
import { Arrivals, type PlayerCounts } from './counts.js'
import { directionTo, isDue } from './game.js'
import { GAME, Input, messages, Said, Say, Snapshot } from './messages.js'
import { type BotSettings, fail, obey, readSettings, report, reportSamples } from './process-channel.js'

const LINES_PER_SECOND = 4

const { hz, port, name, attempts } = readSettings<BotSettings>()
const client = new Client({ messages, game: GAME })
const snapshots = new Arrivals()
const lines = new Arrivals()
const heard = new Map<number, Arrivals>()
let latest: Snapshot | undefined
let isPlaying = false
let isSettling = false
let isLeaving = false
let inputsSent = 0
let linesSaid = 0

client.onMessage(Snapshot, (snapshot) => {
  snapshots.addNewer(snapshot.number)
  latest = snapshot
})

client.onMessage(Said, ({ line, speaker, number }) => {
  lines.addNext(line)
  const fromSpeaker = heard.get(speaker) ?? new Arrivals()
  fromSpeaker.addNext(number)
  heard.set(speaker, fromSpeaker)
})

client.on('OnDisconnect', ({ reason, detail }) => {
  if (!isLeaving) fail(`${name} lost the server (${reason}): ${detail}`)
})

/** At heavy loss an attempt can fail. A client may try again. */
async function connect(attemptsLeft: number): Promise<void> {
  try {
    await client.connect({ host: '127.0.0.1', port, name })
  } catch (error) {
    if (attemptsLeft > 1) return connect(attemptsLeft - 1)
    fail(`${name} could not connect: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function onTick(tick: number): void {
  if (isPlaying) client.send(Input, { number: inputsSent++, ...wish() })
  if (isPlaying && isDue(tick, hz, LINES_PER_SECOND)) say(`line ${linesSaid}, gems so far: ${me()?.gems ?? 0}`)
  if (!isSettling || client.pendingAcks > 0) return
  isSettling = false
  void report({ type: 'settled' })
}

function wish(): { right: number; down: number } {
  const body = me()
  return latest === undefined || body === undefined ? { right: 0, down: 0 } : directionTo(body, latest.gem)
}

function me(): Snapshot['players'][number] | undefined {
  return latest?.players.find((player) => player.id === client.peerId)
}

function say(text: string): void {
  client.send(Say, { number: linesSaid++, text })
}

function counts(): PlayerCounts {
  return {
    id: client.peerId,
    name,
    inputsSent,
    linesSaid,
    snapshots,
    lines,
    heard: Array.from(heard, ([speaker, { received, disordered }]) => ({ speaker, received, disordered })),
  }
}

obey({
  play: () => {
    isPlaying = true
  },
  rest: () => {
    isPlaying = false
    say('good game') // and so, when the server has acknowledged it, no input is under way any more
  },
  settle: () => {
    isSettling = true
  },
  count: () => void report({ type: 'counts', counts: counts() }),
  leave: () => {
    isLeaving = true
    void client.close('thanks for the game').then(() => process.exit())
  },
})

await connect(attempts)
client.run({ hz, onTick })
reportSamples(() => ({ ...client.metrics(), achievements: { said: linesSaid, heard: lines.received, gems: me()?.gems ?? 0 } }))
await report({ type: 'ready', ready: undefined })
