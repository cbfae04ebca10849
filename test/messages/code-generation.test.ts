// Where the platform forbids code generation, define() says so and what to do.
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { plainNode } from '../plain-node.js'

t.test('forbidden code generation is said, with what to do', async (t) => {
  const index = new URL('../../lib/messages/index.js', import.meta.url).href
  const script = `import { MessageFactory } from ${JSON.stringify(index)}
    try { new MessageFactory().define('Move', {}) } catch (error) { console.log(error.name, error.cause?.name, error.message) }`
  const [node, args] = plainNode(['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script])
  const child = spawnSync(node, args, { encoding: 'utf8' })
  t.match(
    child.stdout,
    /^Error EvalError tickwire compiles message definitions with new Function, which is forbidden here\..*'unsafe-eval'.*--disallow-code-generation-from-strings/,
  )
  t.equal(child.status, 0, child.stderr)
})
