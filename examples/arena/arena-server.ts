// The arena's side of a Server: it runs the game, tells everyone 20 times a second how it stands, and passes chat on. It makes no socket and starts nothing,
// so that a test runs it in simulated time.
import type { Peer, Server } from 'tickwire'
import { Arrivals } from './arrivals.js'
import { Arena, type Body, type Direction, isDue, moved, type Spot } from './game.js'
import { LinkMeter } from './link-meter.js'
import { Closing, Finish, GhostInput, GhostState, Input, Links, MAX_NAME_BYTES, Said, Say, Snapshot, Tally } from './messages.js'

const SNAPSHOT_HZ = 20
const LINKS_HZ = 4

/** A player whose inputs were held up may make up for so long, and nobody runs faster than that by sending more of them. */
const MAX_SAVED_MS = 1000

/** Who is still in so long after the news that the arena closes is told so by the end of the connection. */
const CLOSING_MS = 1500

export interface ArenaServerOptions {
  /** Inputs of each player, and ticks of the server, a second. */
  readonly hz: number
}

/** What the server keeps with each peer. */
export class ServerPlayer {
  readonly body: Body
  readonly inputs = new Arrivals()
  readonly lines = new Arrivals()
  readonly meter = new LinkMeter()
  linesSent = 0
  snapshotsSent = 0
  isFinished = false
  /** The last input that is in the spot. */
  applied = 0
  /** Time that the player may still run, and when that was counted. */
  savedMs = MAX_SAVED_MS
  countedAt: number
  ghost: Spot

  constructor(body: Body, now: number) {
    this.body = body
    this.ghost = body.spot
    this.countedAt = now
  }
}

export interface ArenaHost {
  /** For the server's `run`. */
  readonly onTick: (tick: number) => void
  /** Tells everyone that the arena closes, waits until they have left, and closes the server. */
  close(detail: string): Promise<void>
}

/** Sets a server up to be the arena. */
export function hostArena(server: Server<ServerPlayer>, { hz }: ArenaServerOptions): ArenaHost {
  const arena = new Arena(1)
  const inputMs = 1000 / hz
  let snapshots = 0
  let lines = 0
  /** Set when the arena closes: to be called when that may go on, and when it must. */
  let closing: { readonly resolve: () => void; readonly until: number } | undefined

  server.on('OnConnectRequest', (request) => request.accept(new ServerPlayer(arena.join(), server.now())))

  server.onMessage(Input, (input, { user }) => {
    user.inputs.addNewer(input.number)
    // An input that was lost for good was most likely like the one after it.
    for (let missing = input.number - user.applied; missing > 0 && mayRun(user); missing--) arena.move(user.body, input, inputMs)
    user.applied = input.number
  })

  server.onMessage(GhostInput, ({ number, ...direction }, peer) => moveGhost(peer, number, direction))

  server.onMessage(Say, ({ number, text }, peer) => {
    peer.user.lines.addNext(number)
    server.sendToAll(Said, { line: lines++, speaker: peer.id, number, text })
    for (const { user } of server.peers) user.linesSent++
  })

  server.onMessage(Finish, (_, peer) => {
    const { inputs, lines, linesSent, snapshotsSent } = peer.user
    peer.user.isFinished = true
    peer.send(Tally, { inputs: inputs.counts, lines: lines.counts, linesSent, snapshotsSent })
  })

  /** Takes one input's time from what the player has saved. */
  function mayRun(player: ServerPlayer): boolean {
    player.savedMs = Math.min(player.savedMs + server.now() - player.countedAt, MAX_SAVED_MS)
    player.countedAt = server.now()
    if (player.savedMs < inputMs) return false
    player.savedMs -= inputMs
    return true
  }

  function moveGhost(peer: Peer<ServerPlayer>, number: number, direction: Direction): void {
    peer.user.ghost = moved(peer.user.ghost, direction, inputMs)
    peer.send(GhostState, { number, ...peer.user.ghost })
  }

  function sendSnapshot(): void {
    const players = Array.from(server.peers, ({ id, user: { body, applied } }) => ({ id, ...body.spot, gems: body.gems, applied }))
    const watchers = Array.from(server.peers).filter(({ user }) => !user.isFinished)
    server.sendTo(watchers, Snapshot, { number: snapshots++, at: Math.round(server.now()), gems: [...arena.gems], players })
    for (const { user } of watchers) user.snapshotsSent++
  }

  function sendLinks(): void {
    const at = server.now()
    const players = Array.from(server.peers, (peer) => {
      const { latency, jitter, loss, bytes, messages } = peer.user.meter.add(at, peer.metrics())
      return {
        id: peer.id,
        name: shortened(peer.name),
        latency: Math.min(latency, 6500),
        jitter: Math.min(jitter, 6500),
        loss: Math.round(loss * 100),
        bytes: Math.round(bytes),
        messages: Math.round(messages),
      }
    })
    server.sendToAll(Links, { players })
  }

  function onTick(tick: number): void {
    if (isDue(tick, hz, SNAPSHOT_HZ)) sendSnapshot()
    if (isDue(tick, hz, LINKS_HZ)) sendLinks()
    if (closing !== undefined && (server.peerCount === 0 || server.now() >= closing.until)) closing.resolve()
  }

  async function close(detail: string): Promise<void> {
    server.acceptNewConnections = false
    server.sendToAll(Closing, { detail })
    await new Promise<void>((resolve) => {
      closing = { resolve, until: server.now() + CLOSING_MS }
    })
    await server.close(detail)
  }

  return { onTick, close }
}

/** As much of a name as `Links` carries. Whoever speaks the protocol may give a longer one. */
function shortened(name: string): string {
  const bytes = new TextEncoder().encode(name)
  return bytes.length <= MAX_NAME_BYTES ? name : new TextDecoder().decode(bytes.subarray(0, MAX_NAME_BYTES - 3)).replace(/\uFFFD$/, '')
}
