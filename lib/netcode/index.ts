/**
 * The entry `tickwire/netcode`: netcode 1.02 on its own, to speak with clients and servers in other languages with nothing of tickwire above it.
 *
 * @module tickwire/netcode
 */

export type { Address } from '../io/address.js'
export type { Crypto } from '../io/crypto.js'
export { type Entropy, systemEntropy } from '../io/entropy.js'
export { availableCrypto, type CryptoAvailability, selectCrypto } from '../io/select-crypto.js'
export { canonicalHost, formatAddress, parseAddress } from '../wire/address.js'
export type { ReplyRates } from '../wire/reply-limiter.js'
export type { NetcodeClientState, NetcodeClientStateName } from './client-state.js'
export { type ConnectToken, type ConnectTokenOptions, generateConnectToken, readConnectToken } from './connect-token.js'
export {
  CONNECT_TOKEN_BYTES,
  CONNECTION_REQUEST_BYTES,
  KEY_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_SENT_DATAGRAM_BYTES,
  MAX_SERVER_ADDRESSES,
  USER_DATA_BYTES,
} from './constants.js'
export { type CreateConnectTokenOptions, createConnectToken, protocolIdOf } from './create-connect-token.js'
export { NetcodeClient, type NetcodeClientCounters, type NetcodeClientOptions } from './netcode-client.js'
export { NetcodeServer } from './netcode-server.js'
export type { OpenedPacket, ReceivedPacket } from './opened-packet.js'
export type { NetcodeServerClient } from './server-client.js'
export type { NetcodeServerCounters } from './server-counters.js'
export type { NetcodeEndReason, NetcodeServerEvent, NetcodeServerOptions } from './server-options.js'
