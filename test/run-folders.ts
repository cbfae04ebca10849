// Runs all test files of some folders in this process: tap gives each file that it starts a process of its own, and that costs more than most of our files take.
import { readdirSync } from 'node:fs'

/** Runs the test files of the folders test/`name`, in the order of these names and of their own. */
export async function runFolders(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const folder = new URL(`${name}/`, import.meta.url)
    const files = readdirSync(folder).filter((file) => file.endsWith('.test.js'))
    if (files.length === 0) throw new Error(`${folder} holds no test`)
    for (const file of files.sort()) await import(new URL(file, folder).href)
  }
}
