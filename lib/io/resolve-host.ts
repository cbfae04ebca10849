import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Address } from './address.js'

/** The addresses of a host, in the system's order; a numeric host is given back. Rejects with the system's error (ENOTFOUND). */
export async function resolveHost(host: string, port: number): Promise<Address[]> {
  if (isIP(host) !== 0) return [{ host, port, family: isIP(host) === 6 ? 'ipv6' : 'ipv4' }]
  const found = await lookup(host, { all: true })
  return found.map(({ address, family }) => ({ host: address, port, family: family === 6 ? 'ipv6' : 'ipv4' }))
}
