/** Writes what came of attempts, many at once: while one write is on its way, what comes is collected for the next. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { type Outcome, settleDeliveries } from '@berth/core/postgres/webhooks.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'

/** Of each delivery. */
const ATTEMPTS_KEPT = 20
const PAUSE_MS = 500
const MOST_AT_ONCE = 500

interface Entry {
  outcome: Outcome
  done: () => void
}

export class Ledger {
  readonly #pool: Pool
  readonly #holder: string
  readonly #log: Logger
  #entries: Entry[] = []
  #writing: Promise<void> | undefined

  constructor(pool: Pool, holder: string, log: Logger) {
    this.#pool = pool
    this.#holder = holder
    this.#log = log
  }

  /** `done` is called when it stands in the database, however long that takes. */
  write(outcome: Outcome, done: () => void): void {
    this.#entries.push({ outcome, done })
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  /** Until all that came stands in the database. */
  async flushed(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async #write(): Promise<void> {
    while (this.#entries.length > 0) {
      const entries = this.#entries.splice(0, MOST_AT_ONCE)
      const outcomes = entries.map(({ outcome }) => outcome)
      for (;;) {
        try {
          await settleDeliveries(this.#pool, this.#holder, outcomes, ATTEMPTS_KEPT)
          break
        } catch (error) {
          // Whether it was carried out is not known; it can be repeated.
          this.#log.warn({ error: (error as Error).message }, 'outcomes of webhooks were not written')
          await sleep(PAUSE_MS)
        }
      }
      for (const { done } of entries) done()
    }
  }
}
