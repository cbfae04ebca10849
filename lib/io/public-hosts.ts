import { networkInterfaces } from 'node:os'

/** Networks that are not reached from the internet: RFC 1918, 6598, 3927, 4193, 4291, loopback. */
const PRIVATE = [
  /^10\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^169\.254\./,
  /^127\./,
  /^f[cd]/,
  /^fe[89ab]/,
  /^::1$/,
]

export function isPrivateHost(host: string): boolean {
  return PRIVATE.some((network) => network.test(host))
}

export function isLoopbackHost(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}

export function isWildcardHost(host: string): boolean {
  return host === '::' || host === '0.0.0.0'
}

/** The first address by which a socket bound to `host` can be reached from the internet; undefined where there is none. */
export function publicHostOf(host: string): string | undefined {
  if (!isWildcardHost(host)) return isPrivateHost(host) ? undefined : host
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return own.find(({ address }) => !isPrivateHost(address))?.address
}
