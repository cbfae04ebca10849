// Whether sockets are left open, as node itself counts them.
import { nextTurn } from '../io/until.js'

/** UDP sockets that keep this process alive. One that was closed counts until a turn of the event loop later. */
export async function countSockets(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  return process.getActiveResourcesInfo().filter((resource) => resource === 'UDPWrap').length
}
