/**
 * Asks the database whether messages may be handed over. What is asked while an answer is under way is one question, over all
 * sessions. It waits while Postgres is away; for a session that was lost meanwhile the answer no longer matters.
 */
import type { Pool } from '@berth/core/postgres/pool.ts'
import { type Taking, takeSends } from '@berth/core/postgres/sends.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { Ownership } from '../store/ownership.ts'
import { persist } from '../store/persist.ts'

interface Wanted extends Taking {
  answer: PromiseWithResolvers<boolean>
}

export class Taker {
  readonly #pool: Pool
  readonly #bootId: string
  readonly #log: Logger
  #wanted: Wanted[] = []
  #asking = false

  constructor(pool: Pool, bootId: string, log: Logger) {
    this.#pool = pool
    this.#bootId = bootId
    this.#log = log
  }

  /** True: it is 'sending' now, or was already. False: it must not go out any more. */
  take({ sessionId, epoch }: Ownership, messageId: string): Promise<boolean> {
    const answer = Promise.withResolvers<boolean>()
    this.#wanted.push({ sessionId, epoch, id: messageId, answer })
    if (!this.#asking) void this.#ask()
    return answer.promise
  }

  async #ask(): Promise<void> {
    this.#asking = true
    while (this.#wanted.length > 0) {
      const asked = this.#wanted.splice(0)
      try {
        const taken = await persist('messages to hand over', this.#log, () =>
          takeSends(this.#pool, this.#bootId, asked),
        )
        for (const { id, answer } of asked) answer.resolve(taken.has(id))
      } catch (error) {
        for (const { answer } of asked) answer.reject(error)
      }
    }
    this.#asking = false
  }
}
