/**
 * Has the database gone back in time? Pure; the shell is operator/database-guard.ts, the rules in Postgres are those of
 * migration 0007, and why all this is as it is stands in docs/adr/0019.
 *
 * A database goes back when a fail-over loses the last commits, when a dump or a snapshot is restored, or when a copy of it
 * is started beside it. Whoever goes on then uses keys of Signal a second time. So a database is **trusted** or **in doubt**:
 *
 * - *trusted → in doubt*, by itself: when its server starts (another server, too, and tables made anew), and when a worker or
 *   the operator reports that commits are missing. In doubt nobody claims, so nobody logs in; who holds a session goes on.
 * - *in doubt*: each living boot compares the number of its last commit with that in the database. Is it there, the boot
 *   **vouches**. Are commits missing, it reports that, writes them again from memory and vouches; or, when its memory does
 *   not reach so far, it reports that and ends. The leading operator meanwhile compares the database with what it knows from
 *   outside (below).
 * - *in doubt → trusted*, nothing is missing: the operator **confirms**, when all living boots have vouched or had their time.
 * - *in doubt → trusted*, something is missing: the operator **repairs**, when they have vouched or had their time. One
 *   transaction begins a new **incarnation**: boots that have not vouched are over; what a boot holds that has vouched stays
 *   with it, if the session's placement shows that nobody else can have had it since; every other session is free under an
 *   epoch that nobody has ever had, and **distrusted**: its next owner finds no ratchets, and renews its pre-keys before
 *   it logs in. A crash anywhere before that transaction leaves the doubt, a crash after it leaves a trusted database.
 * - *in doubt* stays a database of another **home**: a copy. Only a person knows which of the two is to go on.
 *
 * What the operator knows from outside: the **mark**, a counter that it raises in the database and then writes into a
 * ConfigMap, every two seconds, whose uid is the database's home; what this process has seen itself; its own canary; and the
 * epochs in the statuses of sessions, which workers write after their claim is durable.
 */

/** What the database says of itself. */
export interface DatabaseSight {
  /** Undefined: it is trusted. */
  doubt?: string
  incarnation: number
  mark: number
  home?: string
  /** Somebody found commits missing, and that was not dealt with yet. */
  reported: boolean
}

/** A point of the database's history. */
export interface Mark {
  incarnation: number
  mark: number
}

/** What is kept outside of it. */
export interface Keepsake extends Mark {
  uid: string
}

export interface Evidence {
  database: DatabaseSight
  /** Undefined: there is no ConfigMap. */
  keepsake?: Keepsake
  /** The highest that this process has seen itself. */
  seen?: Mark
  /** This process has made the database's home, whatever became of it since. */
  isHome: boolean
  /** Our own canary stands lower than we have raised it, or a session's status tells of an epoch that is not there. */
  isBehind: boolean
}

/** Same: nothing is missing. Elsewhere: it belongs to another installation, or this one has lost its ConfigMap. */
export type Verdict = 'same' | 'went back' | 'elsewhere'

/** Epochs of one incarnation. Products with any real incarnation stay far below 2^53. */
export const EPOCHS = 1_000_000_000

export function judgeDatabase({ database, keepsake, seen, isHome, isBehind }: Evidence): Verdict {
  const isOurs = database.home === undefined || database.home === keepsake?.uid || isHome
  if (!isOurs) return 'elsewhere'
  const isOlder = [keepsake, seen].some((known) => known && compareMarks(database, known) < 0)
  return isOlder || isBehind || database.reported ? 'went back' : 'same'
}

/** Negative: `a` is earlier in the history than `b`. */
export const compareMarks = (a: Mark, b: Mark): number => a.incarnation - b.incarnation || a.mark - b.mark

export interface NewIncarnation extends Mark {
  /** No epoch below this one is given again, but to who holds it. */
  epochFloor: number
}

/** The epochs of an incarnation are above this one: so no session begins below what the history before gave it. */
export const epochFloor = (incarnation: number): number => (incarnation > 1 ? incarnation * EPOCHS : 0)

/** Above everything that was ever known. `highestEpoch`: in the statuses of sessions. */
export function nextIncarnation(database: Mark, known: readonly Mark[], highestEpoch: number): NewIncarnation {
  const all = [database, ...known]
  const ofEpochs = Math.floor(highestEpoch / EPOCHS)
  const incarnation = Math.max(ofEpochs, ...all.map((one) => one.incarnation)) + 1
  return {
    incarnation,
    mark: Math.max(...all.map((one) => one.mark)) + 1,
    epochFloor: epochFloor(incarnation),
  }
}

/** How long a living boot has, from the moment in which the operator first saw the doubt. */
export const VOUCH_MS = { same: 3_000, 'went back': 10_000 } as const

/** May it be answered now? `missing`: living boots that have not vouched. */
export const isAnswerable = (verdict: keyof typeof VOUCH_MS, missing: number, inDoubtFor: number): boolean =>
  missing === 0 || inDoubtFor >= VOUCH_MS[verdict]
