// What this package says of itself.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of the package: this file runs as dist/bin/own-package.js. */
const ROOT = new URL('../../', import.meta.url)

export interface OwnPackage {
  readonly version: string
  readonly engines: { readonly node: string }
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export function ownPackage(): OwnPackage {
  // The package's own file, which publint checks.
  return JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as OwnPackage
}

/** The path of a file of the package. */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(path, ROOT))
}
