// The type-level tests are checked by tsc; this one makes sure that they are part of what was compiled.
import t from 'tap'
import { checks, use } from './messages.types.js'

t.test('the type-level tests of messages were compiled and their file runs', async (t) => {
  t.equal(checks, 23)
  t.type(use, 'function')
})
