// The client's states, numbered by the standard (STANDARD.md, "Client State Machine"), and the moves between them.
//
//                        ┌── next address ──┐
//                        ▼                  │
//     disconnected ──▸ sending request ──▸ sending response ──▸ connected ──▸ disconnected, timed out
//                        │                  │
//                        └──────────────────┴──▸ a failure, where no address is left; connect() leads out of it

import type { Transitions } from '../wire/state-machine.js'

/** Where a client stands: negative = failed, 0 = disconnected, 1–2 = connecting, 3 = connected. */
export type NetcodeClientState = -6 | -5 | -4 | -3 | -2 | -1 | 0 | 1 | 2 | 3

export const TOKEN_EXPIRED = -6
export const INVALID_TOKEN = -5
export const CONNECTION_TIMED_OUT = -4
export const RESPONSE_TIMED_OUT = -3
export const REQUEST_TIMED_OUT = -2
export const CONNECTION_DENIED = -1
export const DISCONNECTED = 0
export const SENDING_REQUEST = 1
export const SENDING_RESPONSE = 2
export const CONNECTED = 3

/** A state in words. */
export type NetcodeClientStateName =
  | 'connect token expired'
  | 'invalid connect token'
  | 'connection timed out'
  | 'connection response timed out'
  | 'connection request timed out'
  | 'connection denied'
  | 'disconnected'
  | 'sending connection request'
  | 'sending connection response'
  | 'connected'

/** The standard's name for each state. */
export const STATE_NAMES: Readonly<Record<NetcodeClientState, NetcodeClientStateName>> = {
  [-6]: 'connect token expired',
  [-5]: 'invalid connect token',
  [-4]: 'connection timed out',
  [-3]: 'connection response timed out',
  [-2]: 'connection request timed out',
  [-1]: 'connection denied',
  0: 'disconnected',
  1: 'sending connection request',
  2: 'sending connection response',
  3: 'connected',
}

const AFTER_END = [SENDING_REQUEST, INVALID_TOKEN] as const

/** Which states may follow each. */
export const NETCODE_CLIENT_TRANSITIONS: Transitions<NetcodeClientState> = {
  [-6]: AFTER_END,
  [-5]: AFTER_END,
  [-4]: AFTER_END,
  [-3]: AFTER_END,
  [-2]: AFTER_END,
  [-1]: AFTER_END,
  0: AFTER_END,
  1: [SENDING_RESPONSE, SENDING_REQUEST, CONNECTION_DENIED, REQUEST_TIMED_OUT, TOKEN_EXPIRED, DISCONNECTED],
  2: [CONNECTED, SENDING_REQUEST, CONNECTION_DENIED, RESPONSE_TIMED_OUT, TOKEN_EXPIRED, DISCONNECTED],
  3: [DISCONNECTED, CONNECTION_TIMED_OUT],
}
