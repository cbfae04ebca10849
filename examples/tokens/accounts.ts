// Accounts and their passwords, as a backend keeps them: salted and hashed with scrypt. In memory here; yours are in a database.
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const hash = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt)

/** 16 MiB and some 50 ms a password: nothing for one login, much for whoever tries a list of them. */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 1 }
const HASH_BYTES = 32

export interface Account {
  /** What game servers know the player by. */
  readonly id: bigint
  readonly name: string
  readonly role: 'player' | 'admin'
}

interface StoredAccount extends Account {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

export class Accounts {
  readonly #accounts = new Map<string, StoredAccount>()
  readonly #decoy = { salt: randomBytes(16), hash: randomBytes(HASH_BYTES) }

  async add(name: string, password: string, role: Account['role']): Promise<void> {
    const salt = randomBytes(16)
    this.#accounts.set(name, { id: BigInt(this.#accounts.size + 1), name, role, salt, hash: await hash(password, salt, HASH_BYTES, COST) })
  }

  /** The account of this name and password; undefined where either is wrong, after the same time, so that names cannot be found out. */
  async check(name: string, password: string): Promise<Account | undefined> {
    const account = this.#accounts.get(name)
    const stored = account ?? this.#decoy
    const isRight = timingSafeEqual(await hash(password, stored.salt, HASH_BYTES, COST), stored.hash)
    return isRight ? account : undefined
  }
}
