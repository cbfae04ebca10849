// `npm run docs`: the API reference, by typedoc, in dist-docs/. Fails where typedoc warns: at a public export or member without a comment, at a link that leads nowhere,
// at a type that the reference does not have.
//
// typedoc reads the sources by TypeScript's compiler API, which TypeScript 7 does not have; so it gets version 6, which is installed as `typescript-6` for this alone.
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' }, out: { type: 'string', default: 'dist-docs' } } })
if (values.help) {
  console.log(
    'npm run docs -- [--out FOLDER]\n\nWrites the API reference to FOLDER, by default dist-docs, as HTML. Open its index.html in a browser.',
  )
  process.exit(0)
}

register(
  `data:text/javascript,${encodeURIComponent(
    `export const resolve = (name, context, next) => next(name === 'typescript' ? ${JSON.stringify(import.meta.resolve('typescript-6'))} : name, context)`,
  )}`,
)
const { Application } = await import('typedoc')

const project = fileURLToPath(new URL('..', import.meta.url))
process.chdir(project)
const app = await Application.bootstrapWithPlugins({
  options: `${project}typedoc.json`,
  out: values.out,
})
const reference = await app.convert()
if (reference === undefined) process.exit(1)
app.validate(reference)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)
await app.generateOutputs(reference)
process.exit(app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0)
