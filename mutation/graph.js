// Loads compiled tests and what they import as modules of their own, so that one source can be exchanged and only what depends on it is evaluated again: no new process for a mutant.
// Needs --experimental-vm-modules.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SourceTextModule, SyntheticModule } from 'node:vm'
import { collector } from './checks.js'
import { instrument, mutantsOf } from './mutants.js'

/** How the error of a source that does not compile begins. */
export const INVALID = 'no valid program'

export class Graph {
  #analyses = new Map()
  #sources = new Map()
  #imports = new Map()
  /** Evaluated modules without a mutant, and packages, used by all. */
  #shared = new Map()
  #packages = new Map()

  /** What can be mutated in a compiled file. */
  analysis(path) {
    let analysis = this.#analyses.get(path)
    if (analysis === undefined) {
      analysis = mutantsOf(this.#read(path))
      this.#analyses.set(path, analysis)
    }
    return analysis
  }

  /** Notes of what is reached go into these files from now on: path to the number of its first place. */
  noteHits(firstHits) {
    for (const [path, firstHit] of firstHits)
      this.#sources.set(path, instrument(this.#read(path), this.analysis(path), { hits: '__hit', firstHit }))
  }

  /** Loads one test file; `mutant` of the file `mutated` takes effect. Returns its top-level tests. */
  async cases(testPath, mutated, mutant) {
    const fresh = new Map()
    const exchanged = mutant === undefined ? undefined : instrument(this.#read(mutated), this.analysis(mutated), { mutant })
    const { t, cases } = collector()
    const tap = new SyntheticModule(['default'], function () {
      this.setExport('default', t)
    })
    const link = async (specifier, from) => {
      if (specifier === 'tap') return tap
      if (!specifier.startsWith('.')) return this.#package(specifier)
      return load(resolve(dirname(from.identifier), specifier))
    }
    const load = (path) => {
      const isShared = path !== testPath && mutated !== undefined && !this.#dependsOn(path, mutated)
      const modules = isShared ? this.#shared : fresh
      let module = modules.get(path)
      if (module === undefined) {
        module = this.#compile(path, path === mutated ? exchanged : undefined)
        modules.set(path, module)
      }
      return module
    }
    const root = load(testPath)
    await root.link(link)
    await root.evaluate()
    return cases
  }

  #compile(path, exchanged) {
    const options = {
      identifier: path,
      initializeImportMeta: (meta) => {
        meta.url = pathToFileURL(path).href
      },
      importModuleDynamically: (specifier) => this.#package(specifier),
    }
    try {
      return new SourceTextModule(exchanged ?? this.#guarded(path), options)
    } catch (error) {
      throw new SyntaxError(`${INVALID}: ${error.message}`)
    }
  }

  #guarded(path) {
    let source = this.#sources.get(path)
    if (source === undefined) {
      source = instrument(this.#read(path), this.analysis(path), {})
      this.#sources.set(path, source)
    }
    return source
  }

  async #package(specifier) {
    let module = this.#packages.get(specifier)
    if (module === undefined) {
      const loaded = await import(specifier)
      const names = Object.keys(loaded)
      module = new SyntheticModule(names, function () {
        for (const name of names) this.setExport(name, loaded[name])
      })
      this.#packages.set(specifier, module)
    }
    return module
  }

  #dependsOn(path, target, seen = new Set()) {
    if (path === target) return true
    if (seen.has(path)) return false
    seen.add(path)
    let imports = this.#imports.get(path)
    if (imports === undefined) {
      imports = this.analysis(path).imports.filter((specifier) => specifier.startsWith('.'))
      imports = imports.map((specifier) => resolve(dirname(path), specifier))
      this.#imports.set(path, imports)
    }
    return imports.some((imported) => this.#dependsOn(imported, target, seen))
  }

  #read(path) {
    return readFileSync(path, 'utf8')
  }
}
