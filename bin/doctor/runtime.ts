// `tickwire doctor`: the package, Node, and what is in use.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, availableParallelism, platform, release } from 'node:os'
import { dirname, join } from 'node:path'
import { type Capability, capabilities } from 'tickwire'
import { availableCrypto, type Crypto } from 'tickwire/netcode'
import { type OwnPackage, ownPackage } from '../own-package.js'
import type { Finding } from './finding.js'

/** How long each provider is measured, and at least how often. */
const MEASURE_MS = 60
const MIN_BATCHES = 20
const BATCH = 10

/** A packet of a game: a snapshot of some players. */
const PACKET_BYTES = 256

export function runtimeFindings(own: OwnPackage = ownPackage()): Finding[] {
  return [
    { level: 'ok', name: 'tickwire', text: own.version, data: { version: own.version } },
    nodeFinding(process.versions.node, own.engines.node),
    {
      level: 'ok',
      name: 'platform',
      text: `${platform()} ${release()} ${arch()}, ${availableParallelism()} processors`,
      data: { platform: platform(), release: release(), arch: arch(), processors: availableParallelism() },
    },
    ...capabilities().transport.map(transportFinding),
    ...cryptoFindings(),
    ...Object.keys(own.optionalDependencies ?? {}).map((name) => optionalFinding(name, versionOf(name))),
  ]
}

/** `range` is the `engines.node` of the package: `>=20.19`. */
export function nodeFinding(version: string, range: string): Finding {
  const least = range.replace(/^[^\d]*/, '')
  const data = { version, range }
  if (compareVersions(version, least) < 0)
    return {
      level: 'problem',
      name: 'node',
      text: `Node ${version}; tickwire needs ${range}`,
      advice: `Install Node ${least} or later.`,
      data,
    }
  const major = Number(version.split('.')[0])
  if (major % 2 === 1)
    return {
      level: 'note',
      name: 'node',
      text: `Node ${version}, a line without long-term support`,
      advice: 'For production use an even one: 22 or 24.',
      data,
    }
  return { level: 'ok', name: 'node', text: `Node ${version} (${range} is supported)`, data }
}

function transportFinding({ name, isInUse, reason }: Capability): Finding {
  return { level: 'ok', name: `transport ${name}`, text: `${isInUse ? 'in use' : 'not in use'}: ${reason}`, data: { isInUse, reason } }
}

function cryptoFindings(): Finding[] {
  const states = capabilities().crypto
  const findings: Finding[] = availableCrypto().map(({ name, crypto, reason }) => {
    const state = states.find((candidate) => candidate.name === name)
    const isInUse = state?.isInUse ?? false
    if (crypto === undefined) return { level: 'ok', name: `crypto ${name}`, text: `cannot be used: ${reason}`, data: { isInUse, reason } }
    const microseconds = measure(crypto)
    const text = `${isInUse ? 'in use' : 'not in use'}: ${state?.reason ?? reason}; ${microseconds.toFixed(2)} µs to seal and open ${PACKET_BYTES} bytes`
    return { level: 'ok', name: `crypto ${name}`, text, data: { isInUse, reason: state?.reason ?? reason, microseconds } }
  })
  const inUse = states.find(({ isInUse }) => isInUse)?.name
  if (inUse === 'node:crypto')
    findings.push({
      level: 'note',
      name: 'crypto speed',
      text: 'node:crypto seals, which takes four to six times as long as sodium-native',
      advice: 'For busy servers: npm install koffi sodium-native (they hold prebuilt binaries).',
    })
  if (inUse === '@noble/ciphers')
    findings.push({
      level: 'note',
      name: 'crypto speed',
      text: 'plain JavaScript seals, which is slow: this runtime has no ChaCha20-Poly1305',
      advice: 'npm install sodium-native, or run the server on Node.',
    })
  return findings
}

/** Microseconds to seal and open a packet, of the fastest batch: what the first ones wait for the compiler, and others for a busy machine, is not the provider's. */
function measure(crypto: Crypto): number {
  const key = new Uint8Array(32).fill(1)
  const nonce = new Uint8Array(12)
  const data = new Uint8Array(22)
  const bytes = new Uint8Array(PACKET_BYTES + 16)
  let least = Number.POSITIVE_INFINITY
  const begun = performance.now()
  let now = begun
  for (let batch = 0; batch < MIN_BATCHES || now < begun + MEASURE_MS; batch++) {
    const batchBegun = now
    for (let i = 0; i < BATCH; i++) {
      crypto.seal(key, nonce, data, bytes, 0, PACKET_BYTES)
      crypto.open(key, nonce, data, bytes, 0, bytes.length)
    }
    now = performance.now()
    least = Math.min(least, ((now - batchBegun) * 1000) / BATCH)
  }
  return least
}

function optionalFinding(name: string, version: string | undefined): Finding {
  if (version !== undefined) return { level: 'ok', name: `optional ${name}`, text: version, data: { version } }
  return {
    level: 'note',
    name: `optional ${name}`,
    text: 'not installed; everything works without it, and slower',
    advice: `npm install ${name}, and do not install with --omit=optional.`,
    data: { version: null },
  }
}

/** The version that is installed; undefined where none is. `from`: the file that would require it. */
export function versionOf(name: string, from: string = import.meta.url): string | undefined {
  const require = createRequire(from)
  try {
    // Every package has that file, and this field in it, though not every one (koffi) lets others ask for it by name.
    for (let folder = dirname(require.resolve(name)); ; folder = dirname(folder)) {
      const path = join(folder, 'package.json')
      if (existsSync(path)) {
        const own = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string }
        if (own.name === name) return own.version
      }
      if (folder === dirname(folder)) return undefined
    }
  } catch {
    return undefined
  }
}

/** Below, at or above 0, as for `sort`. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number)) as [number[], number[]]
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
