// `npm run docs`: the API reference, by typedoc, in dist-docs/. Fails where typedoc warns or a public name has no comment: an export, a method, an accessor, a property
// of a class or interface.
//
// typedoc reads the sources by TypeScript's compiler API, which TypeScript 7 does not have; so it gets version 6, which is installed as `typescript-6` for this alone.
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `npm run docs -- [options]

Makes the API reference, as HTML. Fails where a public name has no comment.

  --out FOLDER  where to (dist-docs)
  --check       only looks for what is missing
  --help        this`

const project = fileURLToPath(new URL('..', import.meta.url))
const options = readOptions()
const { Application, ReflectionKind } = await loadTypedoc()
process.chdir(project)
const app = await Application.bootstrap({ options: `${project}typedoc.json`, out: options.out })
const reference = await app.convert()
if (reference !== undefined) {
  app.validate(reference)
  checkProperties(reference)
  if (!hasFaults() && !options.check) await app.generateOutputs(reference)
}
if (reference === undefined || hasFaults()) process.exit(1)
console.log(options.check ? 'docs: every public name has its comment' : `docs: open ${options.out}/index.html`)

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { out: { type: 'string', default: 'dist-docs' }, check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
    if (!values.help) return values
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`)
    process.exit(2)
  }
  console.log(HELP)
  process.exit(0)
}

function loadTypedoc() {
  const typescript = JSON.stringify(import.meta.resolve('typescript-6'))
  const hook = `export const resolve = (name, context, next) => next(name === 'typescript' ? ${typescript} : name, context)`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
  return import('typedoc')
}

/** typedoc can ask for comments on all properties or on none; those of types without a name are said by what they stand in. */
function checkProperties(reference) {
  for (const property of reference.getReflectionsByKind(ReflectionKind.Property)) {
    if (!property.parent?.kindOf(ReflectionKind.ClassOrInterface) || property.hasComment() || property.name.startsWith('[')) continue
    app.logger.warn(`${property.getFullName()} (Property) does not have any documentation`)
  }
}

function hasFaults() {
  return app.logger.hasErrors() || app.logger.hasWarnings()
}
