import t from 'tap'
import { exampleFile, isGroupAlive, startExample } from './run-example.js'

t.test('customers buy and are refused, the shop asks them, and a page is kept before its sender knows', async (t) => {
  const { pid, ended } = startExample(exampleFile('shop/shop.js'))
  const { code, stdout, stderr } = await ended
  t.equal(stderr, '')
  t.equal(code, 0)
  t.strictSame(stdout.trimEnd().split('\n'), [
    'ada has the apple, and 19 gold left',
    'ada goes without the crown: the crown costs 481 gold more than you have',
    'the sword at half its price goes to bob',
    'ada has the sword, and 4 gold left',
    'bob is too late for the sword',
    'shop: wrote down “bob: no sword after all”',
    'bob knows that his page is kept',
  ])
  t.notOk(isGroupAlive(pid))
})
