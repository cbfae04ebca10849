// What a connect token says: the part that anybody can read, and with the private key the part that is for the server. Pure functions.
import { type ConnectToken, formatAddress, protocolIdOf, readConnectToken, selectCrypto } from 'tickwire/netcode'
import { type PrivateToken, readPrivateToken, tokenAssociatedData } from '../lib/netcode/private-token.js'
import { harmless, row } from './text.js'

export interface TokenReport {
  readonly token: ConnectToken
  readonly nowUnixSeconds: number
  /** The name that was asked about, and whether the token is for it. */
  readonly game: { readonly name: string; readonly isIts: boolean } | undefined
  /** The private part; what stands in its place where there is no key, or it does not open. */
  readonly sealed: PrivateToken | 'no key was given' | 'does not open'
}

interface Inspection {
  readonly privateKey: Uint8Array | undefined
  readonly game: string | undefined
  readonly nowUnixSeconds: number
}

/** Undefined where the bytes are no token. */
export function inspectToken(bytes: Uint8Array, { privateKey, game, nowUnixSeconds }: Inspection): TokenReport | undefined {
  const token = readConnectToken(bytes)
  if (token === undefined) return undefined
  return {
    token,
    nowUnixSeconds,
    game: game === undefined ? undefined : { name: game, isIts: protocolIdOf(game) === token.protocolId },
    sealed: privateKey === undefined ? 'no key was given' : (openSealed(token, privateKey) ?? 'does not open'),
  }
}

/** For people. Keys are left out unless they are asked for. */
export function tokenLines(report: TokenReport, showsKeys: boolean): string[] {
  const { token, game, sealed, nowUnixSeconds } = report
  const fields: (readonly [string, string])[] = [
    ['protocol id', `0x${hexOf(token.protocolId)}${game === undefined ? '' : ` (${gameText(game)})`}`],
    ['created', timeText(token.createUnixSeconds)],
    ['expires', `${timeText(token.expireUnixSeconds)}, ${expiryText(Number(token.expireUnixSeconds) - nowUnixSeconds)}`],
    ['time-out', timeoutText(token.timeoutSeconds)],
    ['servers', token.serverAddresses.map(formatAddress).join(', ')],
    ['session keys', showsKeys ? keysText(token) : 'both are in it (--show-keys prints them)'],
  ]
  if (typeof sealed === 'string')
    fields.push(['for the server', `1024 sealed bytes: ${sealed === 'no key was given' ? '--key opens them' : sealed}`])
  else
    fields.push(
      ['for the server', 'opens with this key'],
      ['client id', sealed.clientId.toString()],
      ['user data', userDataText(sealed.userData)],
      ['… its servers', sealed.serverAddresses.map(formatAddress).join(', ')],
      ['… its time-out', timeoutText(sealed.timeoutSeconds)],
      [
        '… its keys',
        hasSameKeys(token, sealed) ? 'the same as the client has' : 'not those that the client has: no session can come of this token',
      ],
    )
  return fields.map((field) => row(field, [14]))
}

/** For programs. Keys are left out unless they are asked for. */
export function tokenJson(report: TokenReport, showsKeys: boolean): unknown {
  const { token, game, sealed, nowUnixSeconds } = report
  return {
    protocolId: `0x${hexOf(token.protocolId)}`,
    ...(game === undefined ? {} : { game: game.name, isForGame: game.isIts }),
    created: isoTime(token.createUnixSeconds),
    expires: isoTime(token.expireUnixSeconds),
    isExpired: Number(token.expireUnixSeconds) <= nowUnixSeconds,
    timeoutSeconds: token.timeoutSeconds,
    servers: token.serverAddresses.map(formatAddress),
    ...(showsKeys ? keysJson(token) : {}),
    private:
      typeof sealed === 'string'
        ? null
        : {
            clientId: sealed.clientId.toString(),
            userData: Buffer.from(trimmed(sealed.userData)).toString('base64'),
            timeoutSeconds: sealed.timeoutSeconds,
            servers: sealed.serverAddresses.map(formatAddress),
            hasSameKeys: hasSameKeys(token, sealed),
          },
    ...(sealed === 'does not open' ? { error: 'the private part does not open with this key' } : {}),
  }
}

function openSealed(token: ConnectToken, privateKey: Uint8Array): PrivateToken | undefined {
  const bytes = token.privateToken.slice()
  const data = tokenAssociatedData(token.protocolId, token.expireUnixSeconds)
  if (!selectCrypto().openExtended(privateKey, token.nonce, data, bytes, 0, bytes.length)) return undefined
  return readPrivateToken(bytes, 0)
}

function gameText({ name, isIts }: { readonly name: string; readonly isIts: boolean }): string {
  return isIts ? `the game ${JSON.stringify(name)}` : `not the game ${JSON.stringify(name)}`
}

function expiryText(seconds: number): string {
  if (seconds > 0) return `in ${seconds} s`
  return `${-seconds} s ago: no server takes it any more`
}

function timeoutText(seconds: number): string {
  return seconds > 0 ? `${seconds} s` : 'never'
}

function timeText(unixSeconds: bigint): string {
  return isoTime(unixSeconds) ?? `${unixSeconds} s after 1970`
}

/** Null where a Date cannot hold it: whoever made the token may have written anything. */
function isoTime(unixSeconds: bigint): string | null {
  return unixSeconds < 8_640_000_000_000n ? new Date(Number(unixSeconds) * 1000).toISOString() : null
}

function keysText(token: ConnectToken): string {
  const { clientToServerKey, serverToClientKey } = keysJson(token)
  return `client to server ${clientToServerKey}, server to client ${serverToClientKey}`
}

function keysJson(token: ConnectToken): { readonly clientToServerKey: string; readonly serverToClientKey: string } {
  return {
    clientToServerKey: Buffer.from(token.clientToServerKey).toString('base64'),
    serverToClientKey: Buffer.from(token.serverToClientKey).toString('base64'),
  }
}

function hasSameKeys(token: ConnectToken, sealed: PrivateToken): boolean {
  return (
    Buffer.compare(token.clientToServerKey, sealed.clientToServerKey) === 0 &&
    Buffer.compare(token.serverToClientKey, sealed.serverToClientKey) === 0
  )
}

/** As text where it is text, else in hex. */
function userDataText(userData: Uint8Array): string {
  const data = trimmed(userData)
  if (data.length === 0) return 'none'
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(data)
    if (text === harmless(text)) return `${JSON.stringify(text)} (${data.length} bytes)`
  } catch {}
  return `${Buffer.from(data).toString('hex')} (${data.length} bytes)`
}

/** Without the zeros that fill it up. */
function trimmed(userData: Uint8Array): Uint8Array {
  let length = userData.length
  while (length > 0 && userData[length - 1] === 0) length--
  return userData.subarray(0, length)
}

function hexOf(id: bigint): string {
  return id.toString(16).padStart(16, '0')
}
