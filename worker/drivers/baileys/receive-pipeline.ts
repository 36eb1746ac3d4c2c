/**
 * The second half of receiving: a durable journal row becomes a stored message. One path for what has just arrived and for
 * what an earlier owner left open; the row and its message are settled in one write, so either both or none happen.
 *
 * The row of a protocol message stays open until Baileys has dealt with it: its closing is in a commit that comes after all
 * that Baileys wrote. One that is open at a login is given to Baileys again, without its stanza, so there is no second receipt.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import type { Contact, WAMessage } from '@whiskeysockets/baileys'
import { messages } from '../../metrics.ts'
import type { DriverHost } from '../driver.ts'
import type { JournalEntry } from './auth-state.ts'
import { decodeJournalBody, type StanzaAttributes } from './journal-body.ts'
import { isMediaType } from './messages/media.ts'
import { findPerson } from './people.ts'
import type { Person } from './person.ts'
import { isProtocolMessage, messageForBaileys } from './protocol.ts'
import { messageOf } from './receive.ts'

export class ReceivePipeline {
  readonly #host: DriverHost
  readonly #me: () => Person
  /** Rows are read one after another, so that messages are stored in the order of their arrival. */
  #last: Promise<void> = Promise.resolve()
  /** Rows that Baileys has not dealt with, by hash, in the order of their coming. */
  readonly #forBaileys = new Map<string, Buffer>()

  constructor(host: DriverHost, me: () => Person) {
    this.#host = host
    this.#me = me
  }

  /** Has the message of a durable journal row stored; a row that can't be read is left open for the next owner. */
  take(entry: JournalEntry): void {
    this.#last = this.#last.then(() => this.#store(entry))
  }

  /** Resolves when the messages of all rows that were taken so far are with the committer. */
  taken(): Promise<void> {
    return this.#last
  }

  /** Baileys is through with a message stanza. */
  handled(stanza: StanzaAttributes): void {
    this.#last = this.#last.then(() => {
      if (this.#forBaileys.size === 0) return
      for (const [hash, body] of this.#forBaileys) {
        if (isSameStanza(decodeJournalBody(body).stanza, stanza)) this.#close(hash)
      }
    })
  }

  /**
   * Gives Baileys what it has not dealt with yet, at a login.
   * @param loggedIn waited for when there is something to be given
   * @param process answers false when the connection has ended meanwhile
   */
  async replay(loggedIn: Promise<Contact>, process: (message: WAMessage) => Promise<boolean>): Promise<void> {
    await this.#last
    for (const [hash, body] of this.#forBaileys) {
      if (await process(messageForBaileys(body, await loggedIn))) this.#close(hash)
    }
  }

  async #store({ ciphertextHash, body }: JournalEntry): Promise<void> {
    const { store, log } = this.#host
    try {
      const message = await messageOf(body, this.#me(), (person) => findPerson(store, person), new Date())
      if (!message && isProtocolMessage(body)) {
        this.#forBaileys.set(ciphertextHash, body)
        return
      }
      await failpoint('receive.storing')
      const reply = message && this.#host.reply(message)
      const received = [
        { ciphertextHash, ...(message ? { message } : {}) },
        ...(reply ? [{ ciphertextHash, message: reply }] : []),
      ]
      const stored = store.write({ received }, { lazy: true })
      void stored.then(() => {
        if (message && isMediaType(message.type)) this.#host.files.expect()
        return failpoint('receive.stored')
      })
      if (message) messages.inc({ direction: 'in' })
    } catch (error) {
      log.warn({ err: error }, 'a received message could not be stored; its journal row stays open')
    }
  }

  #close(ciphertextHash: string): void {
    this.#forBaileys.delete(ciphertextHash)
    const closed = this.#host.store.write({ received: [{ ciphertextHash }] }, { lazy: true })
    void closed.then(() => failpoint('protocol.done'))
  }
}

const isSameStanza = (a: StanzaAttributes, b: StanzaAttributes): boolean =>
  a.id === b.id && a.from === b.from && a.participant === b.participant
