import type { Address } from '../io/address.js'
import type { Identity, Role } from '../sessions/identity.js'
import { checkText, encodeData, MAX_DETAIL_BYTES, MAX_END_DATA_BYTES } from './control-messages.js'

/** A client that asks to be let in. The first of `accept` and `reject` decides; where a handler ends without either, the client is accepted. */
export interface ConnectRequest<User> {
  /** What the client gave to `connect`. */
  readonly name: string
  /** Anything. It comes from the network: check its form before you use it. */
  readonly data: unknown
  /** Where the client is. Behind a NAT several may share the host. */
  readonly address: Address
  /** From the connect token; in open mode random. */
  readonly clientId: bigint
  /** 256 bytes that the backend put into the token; zeros in open mode. */
  readonly tokenData: Uint8Array
  /** Who it has proven to be; undefined where the server has no option `auth`. */
  readonly identity: Identity | undefined
  /** The role of its identity; `player` without one. */
  readonly role: Role
  /** Lets the client in; `user` becomes `peer.user`. */
  accept(...user: undefined extends User ? [user?: User] : [user: User]): void
  /** Refuses, with a text (at most 512 bytes) and data (512 when packed) that the client gets. */
  reject(detail: string, data?: unknown): void
}

/** Makes the request object that handlers get. */
export function createConnectRequest<User>(
  from: Pick<ConnectRequest<User>, 'name' | 'data' | 'address' | 'clientId' | 'tokenData' | 'identity' | 'role'>,
  decide: { accept(user: User): void; reject(detail: string, data: Uint8Array): void },
): ConnectRequest<User> {
  return {
    ...from,
    accept: (...user) => decide.accept(user[0] as User), // left out only where User includes undefined
    reject: (detail, data) => {
      checkText('detail', detail, MAX_DETAIL_BYTES)
      decide.reject(detail, encodeData(data, MAX_END_DATA_BYTES))
    },
  }
}
