/**
 * One group committer per process. It collects the writes of all sessions and writes them in one statement, which is
 * one transaction: fence and commit number are part of it (core/postgres/commit.ts).
 *
 * Idle → writing, on the next turn of the event loop after an urgent unit, or 25 ms after a lazy one. There is one commit
 * in flight; what comes meanwhile is the next batch, so the commit in flight is the collector and no delay is needed.
 * Writing → settled: units of sessions whose fence held resolve; the other sessions are lost, and their units never
 * settle (a rejection would make the provider's library tell the sender that decryption failed).
 * Writing → unsure, when the connection breaks or no answer comes: a new connection asks for the commit number. It tells
 * whether the commit landed; if not, the same rows go again.
 * Any → behind, when a new connection finds an earlier number than that: the database went back in time. That is reported,
 * which stops all claims; what is missing is written again from memory. Does that not reach so far, everything stops.
 * Asked to vouch: it says that all its commits are in the database, once they are.
 * Writing → alone, when Postgres says that the statement itself is bad: each session of the batch is written by itself,
 * and only the one with the bad row falls.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { backoffMs } from '@berth/core/kube/backoff.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import { type SessionRows, writeCommit } from '@berth/core/postgres/commit.ts'
import { commitNumber, owned } from '@berth/core/postgres/ownership.ts'
import { isPermanent, type openClient } from '@berth/core/postgres/pool.ts'
import { reportWentBack, vouch } from '@berth/core/postgres/trust.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { commitSeconds, commits } from '../metrics.ts'
import { countRows } from './count-rows.ts'
import { type Ownership, OwnershipLost } from './ownership.ts'
import { type Commit, RecentCommits } from './recent-commits.ts'
import { toRows, type Unit } from './unit.ts'
import { within } from './within.ts'

const LAZY_MS = 25
const MAX_UNITS = 2000
/** Above Postgres' own limit for a statement, so that normally it is Postgres that gives up. */
const ANSWER_MS = 12_000
const DISCONNECT_MS = 1000
/** A boot that stood still for a day was given up, and its row removed. A database that is so old shows by its mark. */
const MAY_BE_SWEPT_MS = 12 * 3_600_000
const BACKOFF = { baseMs: 50, maxMs: 1000 }

/** A connection that only the committer uses. */
export type CommitConnection = Pick<Awaited<ReturnType<typeof openClient>>, 'query' | 'end'>

export interface CommitterOptions {
  bootId: string
  connect: () => Promise<CommitConnection>
  /** The database is older than what we remember. Nothing may go on. */
  onWentBack: (error: Error) => void
  log: Logger
}

export class DatabaseWentBack extends Error {
  override name = 'DatabaseWentBack'
  constructor(found: number, written: number) {
    super(
      found < 0
        ? 'the database does not know this boot'
        : `the database is at commit ${found} of this boot, which has written ${written}`,
    )
  }
}

/** Postgres refuses the statement for what is in it: repeating it can't help. */
class BadRows extends Error {
  override name = 'BadRows'
  constructor(cause: Error) {
    super(cause.message, { cause })
  }
}

interface Pending {
  unit: Unit
  resolve: () => void
}

export class Committer {
  readonly #options: CommitterOptions
  #queue: Pending[] = []
  #lazyTimer: NodeJS.Timeout | undefined
  #scheduled = false
  #writing = false
  #stopped = false
  #connection: CommitConnection | undefined
  /** Number of the last commit that is known to have landed. */
  #number = 0
  /** A commit was sent and its answer did not come. */
  #unsure = false
  readonly #recent = new RecentCommits()
  /** What is to be vouched for. */
  #doubt: string | undefined

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /**
   * Resolves when the unit is durable; never, when it is refused: then the owner is lost. Units of a session are written
   * in the order of their adding. A lazy one rides along with the next commit, 25 ms at most.
   */
  add(unit: Unit, { lazy = false } = {}): Promise<void> {
    if (unit.owner.loss || this.#stopped) return new Promise(() => {})
    return new Promise((resolve) => {
      this.#queue.push({ unit, resolve })
      this.#schedule(lazy)
    })
  }

  /** Says that all commits are in the database, if they are; tried once, so ask again. */
  vouch(doubt: string): void {
    this.#doubt = doubt
    this.#schedule(false)
  }

  /** Writes nothing more; what waits never settles. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#lazyTimer)
    await this.#disconnect()
  }

  #schedule(lazy: boolean): void {
    if (this.#writing || this.#scheduled) return
    if (lazy) {
      this.#lazyTimer ??= setTimeout(() => void this.#run(), LAZY_MS)
      return
    }
    this.#scheduled = true
    setImmediate(() => void this.#run())
  }

  /** Writes batch after batch until nothing waits. */
  async #run(): Promise<void> {
    clearTimeout(this.#lazyTimer)
    this.#lazyTimer = undefined
    this.#scheduled = false
    if (this.#writing || this.#stopped) return
    this.#writing = true
    try {
      while ((this.#queue.length > 0 || this.#doubt) && !this.#stopped) {
        await this.#vouchIfAsked()
        const batch = this.#queue.splice(0, MAX_UNITS).filter(({ unit }) => !unit.owner.loss)
        if (batch.length > 0) await this.#settle(batch)
      }
    } catch (error) {
      this.#wentBack(error as Error)
    } finally {
      this.#writing = false
    }
  }

  async #settle(batch: Pending[]): Promise<void> {
    const owners = new Map(batch.map(({ unit }) => [unit.owner.sessionId, unit.owner]))
    const rows = toRows(batch.map(({ unit }) => unit))
    const held = await this.#write(rows, owners)
    for (const [sessionId, owner] of owners) {
      if (!held.has(sessionId)) owner.lose(new OwnershipLost(sessionId))
    }
    for (const { unit, resolve } of batch) {
      if (!unit.owner.loss) resolve()
    }
  }

  /** Writes the rows, whatever it takes; answers the sessions whose fence held. Throws DatabaseWentBack only. */
  async #write(rows: SessionRows[], owners: Map<string, Ownership>): Promise<Set<string>> {
    const end = commitSeconds.startTimer()
    for (let failures = 1; ; failures++) {
      try {
        const held = await this.#attempt(rows)
        if (failures > 1) this.#options.log.info({ failures }, 'commits go on')
        commits.inc()
        end()
        countRows(rows)
        return held
      } catch (error) {
        if (error instanceof DatabaseWentBack) throw error
        if (this.#stopped) return new Promise(() => {})
        if (error instanceof BadRows) return this.#writeAlone(rows, owners, error)
        this.#options.log.warn(
          { err: error, failures, sessions: rows.length },
          'commit without an answer, trying again',
        )
        await this.#disconnect()
        await sleep(backoffMs(failures, BACKOFF))
      }
    }
  }

  async #writeAlone(rows: SessionRows[], owners: Map<string, Ownership>, error: Error): Promise<Set<string>> {
    if (rows.length === 1) {
      const { sessionId } = rows[0]!.session
      this.#options.log.error(
        { sessionId, err: error },
        'a session wrote what the database refuses: it is taken up anew',
      )
      owners.get(sessionId)!.lose(error)
      return new Set()
    }
    const held = new Set<string>()
    for (const row of rows) {
      for (const sessionId of await this.#write([row], owners)) held.add(sessionId)
    }
    return held
  }

  /** One try; answers the sessions whose fence held. Rejects with BadRows, with DatabaseWentBack, or without an answer. */
  async #attempt(rows: SessionRows[]): Promise<Set<string>> {
    const { bootId } = this.#options
    const { connection, number } = await this.#connected()
    const next = this.#number + 1
    if (this.#unsure && number === next) {
      const sessions = rows.map((row) => row.session)
      const held = await within(ANSWER_MS, owned(connection, bootId, sessions))
      this.#landed({ number: next, rows })
      return held
    }
    this.#unsure = true
    await failpoint('commit.sending')
    const held = await within(ANSWER_MS, writeCommit(connection, bootId, next, rows)).catch((error) => {
      if (!isPermanent(error)) throw error
      this.#unsure = false // a statement that fails leaves the number as it was
      throw new BadRows(error)
    })
    await failpoint('commit.committed')
    if (!held) throw new Error(`commit ${next} was not the next one`) // an earlier try of it may have landed meanwhile
    this.#landed({ number: next, rows })
    return held
  }

  #landed(commit: Commit): void {
    this.#number = commit.number
    this.#unsure = false
    this.#recent.add(commit, performance.now())
  }

  /**
   * A connection to a database that has all our commits, and the number that it stood at when we connected. Throws
   * DatabaseWentBack when they can't be brought back.
   */
  async #connected(): Promise<{ connection: CommitConnection; number?: number }> {
    if (this.#connection) return { connection: this.#connection }
    const connection = await this.#options.connect()
    this.#connection = connection
    const number = await within(ANSWER_MS, commitNumber(connection, this.#options.bootId))
    const isKnown = number === this.#number || (this.#unsure && number === this.#number + 1)
    if (!isKnown) await this.#bringBack(connection, number)
    return { connection, number }
  }

  /** Writes again what the database has lost. Others' claims stop before that, until the operator has looked into it. */
  async #bringBack(connection: CommitConnection, found: number): Promise<void> {
    const error = new DatabaseWentBack(found, this.#number)
    const isSwept = found < 0 && performance.now() > MAY_BE_SWEPT_MS
    if (!isSwept) await within(ANSWER_MS, reportWentBack(connection, error.message))
    const missing = found < 0 ? undefined : this.#recent.after(found)
    if (!missing) throw error
    this.#options.log.error(
      { err: error, commits: missing.length },
      'the database went back: its last commits are repeated',
    )
    await failpoint('database.reported')
    for (const { number, rows } of missing) {
      const held = await within(ANSWER_MS, writeCommit(connection, this.#options.bootId, number, rows))
      if (!held) throw new Error(`commit ${number} was not the next one`) // an earlier try of it may have landed meanwhile
    }
    await failpoint('database.repeated')
  }

  async #vouchIfAsked(): Promise<void> {
    const doubt = this.#doubt
    this.#doubt = undefined
    this.#recent.forget(performance.now())
    if (!doubt) return
    try {
      const { connection } = await this.#connected()
      if (await within(ANSWER_MS, vouch(connection, this.#options.bootId, doubt, this.#number))) {
        await failpoint('database.vouched')
      } else await this.#disconnect() // the next connection looks at the commits
    } catch (error) {
      if (error instanceof DatabaseWentBack) throw error
      this.#options.log.warn({ err: error }, 'could not vouch for the database, trying again')
      await this.#disconnect()
    }
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    if (connection) await within(DISCONNECT_MS, connection.end()).catch(() => {})
  }

  #wentBack(error: Error): void {
    this.#stopped = true
    for (const { unit } of this.#queue) unit.owner.lose(error)
    this.#options.onWentBack(error)
  }
}
