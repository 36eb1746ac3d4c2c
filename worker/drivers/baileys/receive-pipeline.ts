/**
 * The second half of receiving: a durable journal row becomes a stored message. One path for what has just arrived and for
 * what an earlier owner left open; the row and its message are settled in one write, so either both or none happen.
 */
import { messages } from '../../metrics.ts'
import type { DriverHost } from '../driver.ts'
import type { JournalEntry } from './auth-state.ts'
import { findPerson } from './people.ts'
import { messageOf, type Person } from './receive.ts'

export class ReceivePipeline {
  readonly #host: DriverHost
  readonly #me: () => Person

  constructor(host: DriverHost, me: () => Person) {
    this.#host = host
    this.#me = me
  }

  /** Stores the message of a journal row; what fails is left open for the next owner. */
  async take({ ciphertextHash, body }: JournalEntry): Promise<void> {
    const { store, log } = this.#host
    try {
      const message = await messageOf(body, this.#me(), (person) => findPerson(store, person), new Date())
      await store.write({ received: [{ ciphertextHash, ...(message ? { message } : {}) }] }, { lazy: true })
      if (message) messages.inc({ direction: 'in' })
    } catch (error) {
      log.warn({ err: error }, 'a received message could not be stored; its journal row stays open')
    }
  }
}
