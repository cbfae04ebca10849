// What players ask for, and what the server says of its balls. A ball travels with its tick: whoever gets it late brings it forward.
import { array, float64, MessageFactory, struct, uint16, uint32 } from 'tickwire'

export const GAME = 'bounceball-example'
export const MAX_BALLS = 100

export const messages = new MessageFactory()

const ball = { id: uint16, tick: uint32, x: float64, y: float64, vx: float64, vy: float64 }

/** A click: a ball, please. */
export const AddBall = messages.define('AddBall', { x: float64, y: float64 }, { from: 'client' })
/** A kick, upwards. */
export const KickBall = messages.define('KickBall', { id: uint16 }, { from: 'client' })

/** A ball is new, or flies on otherwise than everyone's own physics says. */
export const BallChanged = messages.define('BallChanged', ball, { from: 'server' })
/** All balls: for who joins, and once a second for everyone, should anybody have gone astray. */
export const World = messages.define('World', { balls: array(struct(ball), MAX_BALLS) }, { from: 'server' })
