// `npm run new -- ../my-game`: a game of one's own. Copies examples/starter, names it after the folder, packs this library into it and installs its packages.
//
// What fails before the files are there is taken back. From then on the game is whole and stays: what is missing is said, with what to type.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { npmCommand } from './npm-command.js'
import { realPathOf } from './real-path-of.js'

const HELP = `npm run new -- [options] <folder>

Makes a game in that folder: a server, a client, their messages and a test, with this library packed and installed.
The folder must not exist, or be empty, and must lie outside of this repository. Its name becomes the game's.

  --no-install  leaves the packages out; npm install gets them later
  --help        this text

Example: npm run new -- ../my-game`

const project = realPathOf(join(dirname(fileURLToPath(import.meta.url)), '..'))
const starter = join(project, 'examples', 'starter')

/** What the starter is called in its own files. */
const PLACEHOLDER = 'tickwire-starter'

/** In this repository such a file would act: package.json would end the reach of the library's name, .gitignore is left out where npm packs. So they carry this ending here. */
const TEMPLATE = '.template'

/** Names are told to other players (64 bytes at most, `advertise`), and npm allows what this does: lower-case, and nothing that a URL or a shell would take apart. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** What a game is built with. */
const DEV_PACKAGES = ['@types/node', 'typescript']

/** npm refuses a package that depends on one of its own name, and the last two as names. */
const RESERVED = ['tickwire', 'typescript', 'node_modules', 'favicon.ico']

/** What the cache has is not asked for again, and a registry that does not answer is given up after seconds. */
const INSTALL_OPTIONS = [
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
]

/** What the user can mend: told without a stack. */
class UsageError extends Error {}

let isInterrupted = false

/** npm at work. A Ctrl-C in a terminal reaches it by itself, too; a signal to this process alone does not. */
let running

try {
  await main()
} catch (error) {
  console.error(`\nnew: ${error instanceof UsageError ? error.message : (error.stack ?? error)}`)
  process.exitCode = isInterrupted ? 130 : 1
}

async function main() {
  const { folder, isInstalled } = readOptions()
  if (folder === undefined) return console.log(HELP)
  const name = basename(folder)
  await checkFolder(folder, name)
  // What runs is ended; this process stays to clean up and to say what is there.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      isInterrupted = true
      running?.kill(signal)
    })

  const made = await makeFolder(folder)
  let isWhole = false
  try {
    console.log(`1 of 3  copies the starter to ${folder}`)
    await copyStarter(folder, name)
    console.log('2 of 3  packs tickwire into vendor/')
    const tarball = await packLibrary(join(folder, 'vendor'))
    await writePackage(folder, name, `file:vendor/${tarball}`)
    if (isInterrupted) throw new UsageError('interrupted')
    isWhole = true
  } finally {
    if (!isWhole) await takeBack(folder, made)
  }

  if (!isInstalled) return finish(folder, ['npm install'])
  console.log('3 of 3  installs its packages')
  const { status, output } = await run(...npmCommand('install', ...INSTALL_OPTIONS), folder)
  if (status === 0 && !isInterrupted) return finish(folder, [])
  if (!isInterrupted) console.error(output.trim())
  throw new UsageError(`${isInterrupted ? 'interrupted while the packages were installed' : 'the packages could not be installed'}. The game's files are complete, and stay.
${isInterrupted ? 'To go on' : reasonOf(output)}, type

  cd ${shown(folder)}
  npm install

To be rid of it, delete the folder ${folder}.`)
}

function readOptions() {
  let parsed
  try {
    parsed = parseArgs({
      allowPositionals: true,
      // Not `allowNegative`, which Node 20 came to know late.
      options: { 'no-install': { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    })
  } catch (error) {
    throw new UsageError(`${error.message}\n\n${HELP}`)
  }
  const { values, positionals } = parsed
  if (values.help) return { folder: undefined, isInstalled: false }
  if (positionals.length !== 1)
    throw new UsageError(`expected one folder, got ${positionals.length === 0 ? 'none' : positionals.join(' ')}\n\n${HELP}`)
  // npm runs scripts in the repository's root; INIT_CWD is where the user was.
  const here = process.env.npm_lifecycle_event === 'new' ? (process.env.INIT_CWD ?? process.cwd()) : process.cwd()
  return { folder: resolve(here, positionals[0]), isInstalled: !values['no-install'] }
}

async function checkFolder(folder, name) {
  const inProject = relative(project, realPathOf(folder))
  if (inProject === '' || (!isAbsolute(inProject) && inProject.split(sep)[0] !== '..'))
    throw new UsageError(
      `${folder} lies inside of this repository, whose tools would take it for their own. Take one beside it: npm run new -- ../my-game`,
    )
  if (!NAME.test(name) || RESERVED.includes(name)) {
    const why = RESERVED.includes(name) ? 'stands for something else' : 'has other characters, or is too long'
    throw new UsageError(
      `expected a folder whose name can be a package's: a–z, 0–9, '-', '_' and '.', beginning with a letter or digit, 64 at most. '${name}' ${why}. Try: npm run new -- ${shown(join(dirname(folder), suggestionFor(name)))}`,
    )
  }
  const entries = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return []
    if (error.code === 'ENOTDIR') throw new UsageError(`${folder} is a file, or lies in one. Name a folder that does not exist yet.`)
    throw new UsageError(`cannot look into ${folder}: ${error.message}`)
  })
  if (entries.length > 0)
    throw new UsageError(
      `${folder} exists and is not empty (${entries.slice(0, 3).join(', ')}${entries.length > 3 ? ', …' : ''}). Name another folder, or move that away.`,
    )
}

function suggestionFor(name) {
  const plain = name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 64)
  return plain === '' || RESERVED.includes(plain) ? 'my-game' : plain
}

/**
 * Makes the folder and those above it that are missing. Returns the topmost that was made; undefined where there was an empty one.
 * One by one: where a folder cannot have others (/proc), Node's own `recursive` never ends.
 */
async function makeFolder(folder) {
  const missing = []
  for (let path = folder; !existsSync(path); path = dirname(path)) missing.unshift(path)
  let made
  try {
    for (const path of missing) {
      await mkdir(path)
      made ??= path
    }
  } catch (error) {
    if (made !== undefined) await rm(made, { recursive: true, force: true })
    throw new UsageError(`cannot make ${folder}: ${error.message}. Name a folder that you may write to.`)
  }
  return made
}

/** A folder that was there stays, as it was: empty. */
async function takeBack(folder, made) {
  const paths = made === undefined ? (await readdir(folder)).map((entry) => join(folder, entry)) : [made]
  for (const path of paths) await rm(path, { recursive: true, force: true, maxRetries: 3 })
  console.error(`\nnew: took back what was made: ${made === undefined ? `${folder} is empty again` : `${made} is gone again`}`)
}

async function copyStarter(folder, name) {
  await cp(starter, folder, { recursive: true })
  let named = 0
  for (const entry of await readdir(folder, { recursive: true })) {
    const path = join(folder, entry)
    if ((await stat(path)).isDirectory()) continue
    const text = await readFile(path, 'utf8')
    if (text.includes(PLACEHOLDER)) {
      await writeFile(path, text.replaceAll(PLACEHOLDER, name))
      named++
    }
    if (entry.endsWith(TEMPLATE)) await rename(path, path.slice(0, -TEMPLATE.length))
  }
  if (named === 0) throw new Error(`${starter} expected files that say ${PLACEHOLDER}, found none`)
}

/** `npm pack` compiles the library first (`prepare`). Returns the file's name. */
async function packLibrary(target) {
  const { name, version } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))
  const tarball = `${name}-${version}.tgz`
  await mkdir(target)
  const { status, output } = await run(...npmCommand('pack', '--pack-destination', target, '--loglevel=error'), project)
  if (isInterrupted) throw new UsageError('interrupted')
  if (status !== 0) throw new UsageError(`${output.trim()}\n\nnew: the library could not be packed. Run npm ci in ${project} first.`)
  // Without typescript, `prepare` builds nothing and is content.
  if (!existsSync(join(project, 'dist', 'lib', 'index.js')))
    throw new UsageError(`the library is not built, because its development packages are not installed. Run npm ci in ${project} first.`)
  await stat(join(target, tarball))
  return tarball
}

/** The starter's package, with the library as it was packed and the tools in the versions that the library is built with. */
async function writePackage(folder, name, library) {
  const { devDependencies } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))
  const path = join(folder, 'package.json')
  const game = {
    ...JSON.parse(await readFile(path, 'utf8')),
    name,
    dependencies: { tickwire: library },
    devDependencies: Object.fromEntries(DEV_PACKAGES.map((tool) => [tool, devDependencies[tool]])),
  }
  await writeFile(path, `${JSON.stringify(game, null, 2)}\n`)
}

/** Runs it in a folder, silently; gives what it wrote. After an interruption nothing is begun any more. */
function run(command, parameters, cwd) {
  if (isInterrupted) return { status: null, output: '' }
  return new Promise((resolve, reject) => {
    // npm hands what it was told for this repository to its scripts, which would be told again.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([key]) => !/^npm_(package|lifecycle|config_local_prefix|command)/.test(key)),
    )
    const child = spawn(command, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], shell: command.endsWith('.cmd') })
    running = child
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    child.on('error', (error) => reject(new UsageError(`cannot run ${command}: ${error.message}. npm is needed: it comes with Node.js.`)))
    child.on('close', (status) => {
      running = undefined
      resolve({ status, output })
    })
  })
}

/** What an error of npm means for who wants to play. */
function reasonOf(output) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(output))
    return 'npm could not reach its registry. When this computer is online, or npm knows the proxy (npm config set proxy …)'
  if (/ENOSPC/.test(output)) return 'The disk is full. When there is room'
  if (/EACCES|EPERM/.test(output)) return 'Something may not be written. When that is mended'
  return 'npm says above what is wrong. When that is mended'
}

function finish(folder, first) {
  const rows = [
    [`cd ${shown(folder)}`, ''],
    ...first.map((line) => [line, 'gets its packages']),
    ['npm run server', ''],
    ['npm run client', 'in a second terminal, in the same folder: walk with the arrow keys'],
    ['npm test', 'plays it in simulated time, on a bad network'],
  ]
  const width = Math.max(...rows.map(([line]) => line.length))
  console.log(`\n${basename(folder)} is ready. Type\n`)
  for (const [line, what] of rows) console.log(`  ${what === '' ? line : `${line.padEnd(width)}   ${what}`}`)
  console.log(`\nREADME.md there says what is where, and what to change first.`)
}

/** A path as one would type it, from where the user is. */
function shown(path) {
  const short = relative(process.env.INIT_CWD ?? process.cwd(), path)
  const shorter = short !== '' && short.length < path.length ? short : path
  return /[^\w./~-]/.test(shorter) ? `'${shorter}'` : shorter
}
