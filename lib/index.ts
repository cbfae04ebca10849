/**
 * The package `tickwire`: what games use.
 *
 * @module tickwire
 */

export type { Advertisement, AdvertiseOptions } from './endpoint/advertisement.js'
export { type Capabilities, type Capability, capabilities } from './endpoint/capabilities.js'
export {
  type Auth,
  Client,
  type ClientEvents,
  type ClientOptions,
  type ConnectOptions,
  type FromClient,
  type RequestFromClient,
} from './endpoint/client.js'
export type { ConnectRequest } from './endpoint/connect-request.js'
export type { EndReason } from './endpoint/control-messages.js'
export { type DiscoverOptions, discover } from './endpoint/discover.js'
export type { Handler, OnOptions } from './endpoint/emitter.js'
export { FoundServer } from './endpoint/found-server.js'
export { type HostedOrJoined, type HostOrJoinOptions, hostOrJoin } from './endpoint/host-or-join.js'
export type { Loop, RunOptions } from './endpoint/loop.js'
export type { Preview } from './endpoint/message-encoder.js'
export type { DropCounters, Metrics } from './endpoint/metrics.js'
export { NetworkEndpoint } from './endpoint/network-endpoint.js'
export { NetworkError, type NetworkErrorCode, RejectedError, type RejectReason, RequestError } from './endpoint/network-error.js'
export type { EndpointOptions } from './endpoint/options.js'
export type { WhenFull } from './endpoint/outbox.js'
export { type FromServer, Peer, type RequestFromServer } from './endpoint/peer.js'
export type { RequestContext, RequestResponder } from './endpoint/requests.js'
export type { SendOptions } from './endpoint/send-options.js'
export {
  type ListenOptions,
  type PeerRequestContext,
  type PeerRequestResponder,
  Server,
  type ServerEvents,
  type ServerOptions,
} from './endpoint/server.js'
export type { WatchdogAction, WatchdogEvent, WatchdogOptions } from './endpoint/watchdog-options.js'
export type { Address } from './io/address.js'
export type { Clock } from './io/clock.js'
export type { Conditioner } from './io/conditioner.js'
export type { Entropy } from './io/entropy.js'
export type { TransportKind } from './io/select-transport.js'
export type { Datagram, Transport, TransportCounters, TransportOptions } from './io/transport.js'
export * from './messages/index.js'
export { type CreateConnectTokenOptions, createConnectToken } from './netcode/create-connect-token.js'
export { type AnyoneOptions, anyone, type SharedSecretOptions, sharedSecret, tokenData } from './sessions/authenticators.js'
export type { Health } from './sessions/health.js'
export type { DuplicateLogin } from './sessions/identities.js'
export type { Authenticator, Claimant, Identity, Role } from './sessions/identity.js'
export { type JwtOptions, type JwtPayload, jwt } from './sessions/jwt.js'
export type { MessageStream } from './sessions/message-stream.js'
export type { StreamOptions } from './sessions/message-waits.js'
export type { Middleware } from './sessions/middleware.js'
export type { ReconnectOptions } from './sessions/reconnect-policy.js'
export type { Direction, Tap } from './sessions/taps.js'
export type { UpdateStatistics } from './sessions/update-times.js'
export type { WaitOptions } from './sessions/wait-options.js'
export type { WatchdogKind } from './sessions/watchdogs.js'
