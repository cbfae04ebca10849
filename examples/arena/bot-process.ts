// A player that plays by itself, in a process of its own: finds the arena, runs for the nearest gem, and chats.
import { Client } from 'tickwire'
import { stagesOf } from './conditions.js'
import { connectTo } from './connect.js'
import { findArena } from './find-arena.js'
import { type Direction, directionTo, distanceBetween, isDue, type Spot, STANDING } from './game.js'
import { Closing, messages } from './messages.js'
import { Player } from './player.js'
import { type BotSettings, fail, obey, readSettings, report } from './process-channel.js'

const LINES_PER_SECOND = 4

/** Bots run slower than people can. */
const EFFORT = 0.7

/** More than enough for an arena that is there, on a busy machine. */
const SEARCH_TIMEOUT_MS = 10_000

const { name, search, conditions } = readSettings<BotSettings>()
const client = new Client({ messages, game: search.game, conditioner: stagesOf(conditions) })
let player: Player | undefined
let isPlaying = false
let isSettling = false
let isLeaving = false

client.on('OnDisconnect', ({ reason, detail }) => {
  if (!isLeaving) fail(`${name} lost the server (${reason}): ${detail}`)
})

client.onMessage(Closing, () => {}) // its parent has heard it too, and says when to leave

obey({
  play: () => {
    isPlaying = true
  },
  rest: () => {
    isPlaying = false
    player?.rest()
    player?.say('good game')
    isSettling = true
  },
  count: () => void player?.finish().then((counts) => report({ type: 'counts', counts })),
  leave: () => {
    isLeaving = true
    return client.close('thanks for the game')
  },
})

try {
  const arena = await findArena(search, { timeoutMs: SEARCH_TIMEOUT_MS })
  if (arena === undefined) fail(`${name} found no arena`)
  await connectTo(arena, client, name)
  const { hz } = arena
  const bot = new Player(client, name, { hz, hasGhost: false })
  player = bot
  client.run({ hz, onTick: (tick) => onTick(bot, tick, hz) })
} catch (error) {
  fail(`${name} could not connect: ${error instanceof Error ? error.message : String(error)}`)
}
await report({ type: 'ready', ready: undefined })

function onTick(bot: Player, tick: number, hz: number): void {
  if (isPlaying) bot.move(wish(bot))
  if (isPlaying && isDue(tick, hz, LINES_PER_SECOND)) bot.say(`gems: ${bot.gemsOf()}`)
  if (!isSettling || client.pendingAcks > 0) return
  isSettling = false
  void report({ type: 'settled' })
}

function wish(bot: Player): Direction {
  const { spot } = bot
  const gem = spot === undefined ? undefined : choice(spot, bot)
  return spot === undefined || gem === undefined ? STANDING : directionTo(spot, gem, EFFORT)
}

/** The nearest gem that nobody else is nearer to; where there is none, the nearest. */
function choice(from: Spot, bot: Player): Spot | undefined {
  const others = bot.others()
  const gems = bot.gems.toSorted((a, b) => distanceBetween(from, a) - distanceBetween(from, b))
  const isOurs = (gem: Spot): boolean => others.every(({ spot }) => distanceBetween(spot, gem) >= distanceBetween(from, gem))
  return gems.find(isOurs) ?? gems[0]
}
