// `shop.js`: an hour in a shop, in one process: requests of the customers, one of the shop, and a page that is known to be kept.
import { setTimeout as sleep } from 'node:timers/promises'
import { readCommandLine } from '../command-line.js'
import { buy, enter } from './customer.js'
import { Diary } from './messages.js'
import { openShop, sellSword } from './server.js'

readCommandLine('node dist/examples/shop/shop.js', {})

const server = await openShop(async (page) => {
  await sleep(50) // a disk, a database
  console.log(`shop: wrote down “${page}”`)
})
const { port } = server.address!
const ada = await enter(port, 'ada', () => false)
const bob = await enter(port, 'bob', ({ price }) => price < 10)

console.log(`ada ${await buy(ada, 'apple')}`)
console.log(`ada ${await buy(ada, 'crown')}`)
console.log(`the sword at half its price goes to ${await sellSword(server)}`)
console.log(`ada ${await buy(ada, 'sword')}`)
console.log(`bob ${await buy(bob, 'sword')}`)

await bob.sendConfirmed(Diary, { text: 'no sword after all' })
console.log('bob knows that his page is kept')

await Promise.all([ada.close(), bob.close()])
await server.close()
