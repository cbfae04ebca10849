// Where figures come from.
import { arch, cpus, platform, release } from 'node:os'
import { availableCrypto, selectCrypto } from 'tickwire/netcode'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly system: string
  readonly node: string
  readonly crypto: string
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown CPU',
    cores: cpus().length,
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    crypto: selectCrypto().name,
  }
}

/** Why crypto that would be faster is not in use. */
export function missingCrypto(): string[] {
  return availableCrypto().flatMap(({ name, crypto, reason }) => (crypto === undefined ? [`${name} is not in use: ${reason}`] : []))
}

export function machineLine({ cpu, cores, system, node, crypto }: Machine): string {
  return `${cpu} × ${cores}, ${system}, Node ${node}, crypto ${crypto}`
}
