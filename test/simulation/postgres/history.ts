/**
 * What Postgres was after each of its last commits, so that it can go back: a fail-over to a replica that lacked some, or a
 * dump that was restored. Kept from the moment in which an operator has taken the database into its care: before, nobody
 * could know that it went back, and nothing was there to lose.
 */
import type { Process } from '../process.ts'
import type { Tables } from './tables.ts'

/** One commit, in the order in which they landed. */
export interface Landed {
  at: number
  process: Process
  /** The function, or what the operator did. */
  what: string
  /** Its process got the answer. */
  isKnown: boolean
  after: Tables
}

const MAX_COMMITS = 400
/** What is older than that: one in so many milliseconds, as dumps. */
const DUMP_MS = 1_000
const MAX_DUMPS = 60

export class CommitHistory {
  #commits: Landed[] = []
  #dumps: Landed[] = []
  readonly #isKept: boolean

  constructor(isKept: boolean) {
    this.#isKept = isKept
  }

  add(process: Process, what: string, at: number, tables: Tables): Landed | undefined {
    if (!this.#isKept || tables.trust.home === undefined) return undefined
    const landed = { at, process, what, isKnown: false, after: copyOf(tables) }
    this.#commits.push(landed)
    if (this.#commits.length > MAX_COMMITS) this.#keepAsDump(this.#commits.shift()!)
    return landed
  }

  /** Without the last so many: what is left; undefined: there is no such point. */
  before(count: number): Landed | undefined {
    return this.#commits.at(-1 - count)
  }

  /** The last that is so old. */
  asOf(at: number): Landed | undefined {
    return [...this.#dumps, ...this.#commits].findLast((one) => one.at <= at)
  }

  /** Forgets what came after, and answers it as far as it was kept. */
  goBack(to: Landed): Landed[] {
    const index = this.#commits.indexOf(to)
    const lost = this.#commits.slice(index + 1)
    this.#commits = index === -1 ? [to] : this.#commits.slice(0, index + 1)
    this.#dumps = this.#dumps.filter(({ at }) => at <= to.at)
    return lost
  }

  #keepAsDump(landed: Landed): void {
    const last = this.#dumps.at(-1)
    if (last && landed.at - last.at < DUMP_MS) return
    this.#dumps.push(landed)
    if (this.#dumps.length > MAX_DUMPS) this.#dumps.shift()
  }
}

/** Rows are never changed in place, so copies share them. */
export const copyOf = (tables: Tables): Tables => ({
  ...tables,
  leases: new Map(tables.leases),
  commits: new Map(tables.commits),
  tiers: new Map(tables.tiers),
  tenants: new Map(tables.tenants),
  sessions: new Map(tables.sessions),
  obstacles: new Map(tables.obstacles),
  states: new Map(tables.states),
  credentials: new Map(tables.credentials),
  keys: new Map(tables.keys),
  commands: new Map(tables.commands),
  canaries: new Map(tables.canaries),
  trust: { ...tables.trust, vouched: new Map(tables.trust.vouched) },
  marks: { ...tables.marks },
})
