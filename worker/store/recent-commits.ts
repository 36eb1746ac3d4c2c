/**
 * The commits of the last minute, as they were written: what a database that went back is brought up to date with. It
 * holds what was sent anyway; sealed values are shared with nobody, so the bytes are its own.
 */
import type { SessionRows } from '@berth/core/postgres/commit.ts'

const KEPT_MS = 60_000
const KEPT_BYTES = 32 * 1024 * 1024
/** Of a row besides its values. */
const OVERHEAD = 200

export interface Commit {
  number: number
  rows: SessionRows[]
}

interface Kept extends Commit {
  bytes: number
  at: number
}

export class RecentCommits {
  #kept: Kept[] = []
  #bytes = 0
  readonly #budget: number

  constructor(budget = KEPT_BYTES) {
    this.#budget = budget
  }

  /** `now`: monotonic milliseconds. Numbers follow each other. */
  add(commit: Commit, now: number): void {
    const bytes = bytesOf(commit.rows)
    this.#kept.push({ ...commit, bytes, at: now })
    this.#bytes += bytes
    this.forget(now)
  }

  /** Lets go of what is too old, or too much. */
  forget(now: number): void {
    let gone = 0
    for (const { at, bytes } of this.#kept) {
      if (now - at < KEPT_MS && this.#bytes <= this.#budget) break
      this.#bytes -= bytes
      gone++
    }
    if (gone > 0) this.#kept.splice(0, gone)
  }

  /** All commits after this number, in their order; undefined: not all of them are remembered. */
  after(number: number): Commit[] | undefined {
    const index = this.#kept.findIndex((commit) => commit.number === number + 1)
    return index === -1 ? undefined : this.#kept.slice(index)
  }
}

const bytesOf = (rows: SessionRows[]): number =>
  rows.reduce((sum, { keys, credential, journal, received, statuses, commands }) => {
    const sealed = [...keys.map(({ value }) => value), credential?.value, ...journal.map(({ body }) => body)]
    const messages = received.map(({ message }) => (message ? JSON.stringify(message.content).length : 0))
    const others = statuses.length + commands.length + 1
    return (
      sum +
      sealed.reduce((bytes, value) => bytes + OVERHEAD + (value?.length ?? 0), 0) +
      messages.reduce((bytes, length) => bytes + OVERHEAD + length, 0) +
      others * OVERHEAD
    )
  }, 0)
