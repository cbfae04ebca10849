// A customer: asks for things, and is asked.
import { Client, type RequestOf } from 'tickwire'
import { Buy, GAME, messages, Offer } from './messages.js'

/** Goes into the shop. `decides` answers its offers. */
export async function enter(
  port: number,
  name: string,
  decides: (offer: RequestOf<typeof Offer>) => boolean | Promise<boolean>,
): Promise<Client> {
  const client = new Client({ messages, game: GAME })
  client.respond(Offer, async (offer) => ({ isTaken: (await decides(offer)) ? 'yes' : 'no' }))
  await client.connect({ host: '127.0.0.1', port, name })
  client.run({ hz: 60 })
  return client
}

/** Buys something. Resolves to what became of it, in words. */
export async function buy(client: Client, item: RequestOf<typeof Buy>['item']): Promise<string> {
  try {
    const { gold } = await client.request(Buy, { item }, { timeoutMs: 2000 })
    return `has the ${item}, and ${gold} gold left`
  } catch (error) {
    if (!Buy.isError(error)) throw error // the connection, or the shop's fault: whoever called may know more
    switch (error.requestCode) {
      case 'no-money':
        return `goes without the ${item}: ${error.detail}`
      case 'sold-out':
        return `is too late for the ${item}`
    }
  }
}
