// Disturbances: planned trouble between the server and its clients, as data. They and their counts survive a restart.
import { Random } from '../random.ts'
import type { Condition } from '../whatsapp/forced.ts'
import type { Database } from './database.ts'

/** What a stanza must be to be disturbed; what is left out fits any. */
export interface DisturbanceMatch {
  direction: 'to-device' | 'from-device'
  /** The account's phone number, and which of its devices. */
  number?: string | undefined
  device?: number | undefined
  /** Such as `message`; from a device also `login` and `registration`, which stand for its two ways to begin. */
  tag?: string | undefined
  /** Its `type`; of a query (`iq`), its `xmlns`. */
  type?: string | undefined
}

/**
 * - delay: it waits, and what comes behind it waits too, as on a slow line
 * - lose: it never arrives; a lost query is one that nobody answers
 * - duplicate: it arrives twice
 * - reorder: it arrives after the next one of its direction
 * - refuse: the server answers with an error, such as 463 or 479, and does nothing (a message or query from a device); a
 *   login ends with it, such as 403, and of 402 it can be said for how many seconds
 * - corrupt: its bytes are damaged on the way (to a device)
 * - end: instead of it, this happens to the connection
 * - batches: it is a login, and what is owed comes in batches
 */
export type DisturbanceAction =
  | { kind: 'delay'; ms: number }
  | { kind: 'lose' | 'duplicate' | 'reorder' | 'corrupt' }
  | { kind: 'refuse'; code: string; seconds?: number }
  | { kind: 'end'; condition: Condition }
  | { kind: 'batches'; size: number; pauseMs: number }

export interface NewDisturbance {
  match: DisturbanceMatch
  action: DisturbanceAction
  /** How many that fit go through first. */
  skip: number
  /** How many are disturbed; null: all. */
  count: number | null
  /** Of those that fit, the share that is disturbed: which ones, the seed decides. */
  probability: number
  seed: number
}

export interface Disturbance extends NewDisturbance {
  id: number
  at: number
  /** Stanzas that fitted, and those that were disturbed. */
  matched: number
  used: number
}

interface Row {
  id: number
  at: number
  plan: string
  matched: number
  used: number
}

export class Disturbances {
  readonly #database: Database
  /** Those that aren't used up, in the order in which they were planned. */
  #active: Disturbance[]

  constructor(database: Database) {
    this.#database = database
    this.#active = this.list().filter(isActive)
  }

  add(plan: NewDisturbance): Disturbance {
    const at = this.#database.now()
    const id = this.#database.insert('INSERT INTO disturbance (at, plan) VALUES (?, ?)', at, JSON.stringify(plan))
    const disturbance = { ...plan, id, at, matched: 0, used: 0 }
    this.#active.push(disturbance)
    return disturbance
  }

  list(): Disturbance[] {
    const rows = this.#database.all<Row>('SELECT * FROM disturbance ORDER BY id')
    return rows.map(({ plan, ...row }) => ({ ...(JSON.parse(plan) as NewDisturbance), ...row }))
  }

  /** False when there is none. */
  remove(id: number): boolean {
    this.#active = this.#active.filter((each) => each.id !== id)
    return this.#database.run('DELETE FROM disturbance WHERE id = ?', id) > 0
  }

  /** Answers how many there were. */
  clear(): number {
    this.#active = []
    return this.#database.run('DELETE FROM disturbance')
  }

  /** The first disturbance that fits now; counts those that it asks. */
  take(fits: (each: Disturbance) => boolean): Disturbance | undefined {
    return this.#active.find((each) => {
      if (!fits(each)) return false
      each.matched++
      const isChosen = each.matched > each.skip && (each.probability === 1 || chance(each) < each.probability)
      if (isChosen) each.used++
      const sql = 'UPDATE disturbance SET matched = ?, used = ? WHERE id = ?'
      this.#database.run(sql, each.matched, each.used, each.id)
      if (!isActive(each)) this.#active = this.#active.filter((other) => other !== each)
      return isChosen
    })
  }
}

function isActive({ used, count }: Disturbance): boolean {
  return count === null || used < count
}

/** Depends on nothing but the seed and how many fitted before: a restart changes nothing. */
function chance({ seed, matched }: Disturbance): number {
  return new Random(`${seed} ${matched}`).next()
}
