// The messages module of a game, as `ping --messages` takes it.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MessageFactory } from 'tickwire'
import { UsageError } from './command.js'

/** The hashes of the definitions that a module exports. It is a module of the user's own, and runs. */
export async function loadDefinitions(path: string): Promise<readonly number[]> {
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>
  } catch (error) {
    throw new UsageError(
      `--messages cannot load ${path}: ${error instanceof Error ? error.message : String(error)}; is it compiled to JavaScript?`,
    )
  }
  const factory = [exported.messages, ...Object.values(exported)].find(isFactory)
  if (factory === undefined)
    throw new UsageError(
      `--messages expected a module that exports a MessageFactory, got ${path}, which exports ${Object.keys(exported).join(', ') || 'nothing'}`,
    )
  factory.freeze()
  return factory.definitionHashes
}

/** By its form: the game may have another copy of tickwire than this one. */
function isFactory(value: unknown): value is MessageFactory {
  return typeof value === 'object' && value !== null && 'definitionHashes' in value && 'freeze' in value
}
