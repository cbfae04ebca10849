// tsc checks logins.types.ts with the rest of the build; this makes sure that it was compiled.
import t from 'tap'
import { checks, server } from './logins.types.js'

t.test('the type-level tests of log-ins were compiled, and their file runs', async (t) => {
  server()
  t.equal(checks, 1)
})
