// Where a path leads, links followed, although its end may not exist yet.
import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export function realPathOf(path) {
  try {
    return realpathSync(path)
  } catch {
    return dirname(path) === path ? path : join(realPathOf(dirname(path)), basename(path))
  }
}
