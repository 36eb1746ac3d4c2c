/**
 * The second half of receiving: a durable journal row becomes a stored message. One path for what has just arrived and for
 * what an earlier owner left open; the row and its message are settled in one write, so either both or none happen.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { messages } from '../../metrics.ts'
import type { DriverHost } from '../driver.ts'
import type { JournalEntry } from './auth-state.ts'
import { findPerson } from './people.ts'
import { messageOf, type Person } from './receive.ts'

export class ReceivePipeline {
  readonly #host: DriverHost
  readonly #me: () => Person
  /** Rows are read one after another, so that messages are stored in the order of their arrival. */
  #last: Promise<void> = Promise.resolve()

  constructor(host: DriverHost, me: () => Person) {
    this.#host = host
    this.#me = me
  }

  /** Has the message of a durable journal row stored; a row that can't be read is left open for the next owner. */
  take(entry: JournalEntry): void {
    this.#last = this.#last.then(() => this.#store(entry))
  }

  async #store({ ciphertextHash, body }: JournalEntry): Promise<void> {
    const { store, log } = this.#host
    try {
      const message = await messageOf(body, this.#me(), (person) => findPerson(store, person), new Date())
      await failpoint('receive.storing')
      const stored = store.write({ received: [{ ciphertextHash, ...(message ? { message } : {}) }] }, { lazy: true })
      void stored.then(() => failpoint('receive.stored'))
      if (message) messages.inc({ direction: 'in' })
    } catch (error) {
      log.warn({ err: error }, 'a received message could not be stored; its journal row stays open')
    }
  }
}
