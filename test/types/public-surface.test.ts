// tsc checks public-surface.types.ts with the rest of the build; this makes sure that it was compiled, and that the game in it plays.
import t from 'tap'
import { gameTest } from './public-surface.types.js'

t.test('the type-level test of the public surface was compiled, and its game runs', async (t) => {
  await t.resolves(gameTest())
})
