// The shop decides: prices, purses and shelves are here, and a customer only asks.
import { type ReplyOf, type RequestOf, Server } from 'tickwire'
import { Buy, Diary, GAME, messages, Offer } from './messages.js'

type Item = RequestOf<typeof Buy>['item']

class Customer {
  gold = 20
  readonly diary: string[] = []
}

const PRICES: Readonly<Record<Item, number>> = { apple: 1, sword: 15, crown: 500 }
const STOCK: Readonly<Record<Item, number>> = { apple: 3, sword: 1, crown: 1 }

/** Opens the shop. `writeDown` keeps a page of a diary, and takes its time. */
export async function openShop(writeDown: (page: string) => Promise<void>): Promise<Server<Customer>> {
  const server = new Server<Customer>({ messages, game: GAME })
  const shelf = { ...STOCK }
  server.on('OnConnectRequest', (request) => request.accept(new Customer()))

  server.respond(Buy, ({ item }, { peer, fail }): ReplyOf<typeof Buy> => {
    if (shelf[item] === 0) fail('sold-out')
    const missing = PRICES[item] - peer.user.gold
    if (missing > 0) fail('no-money', `the ${item} costs ${missing} gold more than you have`)
    shelf[item]--
    peer.user.gold -= PRICES[item]
    return { gold: peer.user.gold }
  })

  // The confirmation leaves when this has resolved: who sent the page knows then that it is kept.
  server.onMessage(Diary, async ({ text }, peer) => {
    await writeDown(`${peer.name}: ${text}`)
    peer.user.diary.push(text)
  })

  await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 60 })
  return server
}

/** Offers the sword at half its price to each customer in turn, until one takes it. Resolves to that one's name. */
export async function sellSword(server: Server<Customer>): Promise<string | undefined> {
  for (const peer of server.peers) {
    try {
      const { isTaken } = await peer.request(Offer, { item: 'sword', price: 7 })
      if (isTaken === 'yes') return peer.name
    } catch {} // gone, or asleep: the next one
  }
  return undefined
}
