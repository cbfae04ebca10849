// What CI takes from the README. Its code blocks run with those of the guide: guide.test.ts.
import t from 'tap'
import { codeBlock, readDocument } from './document.js'

t.test('the test command that CI runs stands behind its marker', async (t) => {
  t.equal(codeBlock(readDocument('README.md'), 'test command'), 'npm ci && npm test\n')
})
