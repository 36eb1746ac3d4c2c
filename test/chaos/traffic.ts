/**
 * Steady traffic both ways, whatever is broken at the moment: customers send through the API, contacts write to the accounts.
 *
 * A customer's program does what the documentation tells it to: each message has an Idempotency-Key, and is sent again
 * under it until the API has said that it has the message. Some are impatient and send the same one twice at once, or once
 * more after the answer.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { SimulatorClientError } from '@berth/simulator/client.ts'
import type { Answer } from './api-client.ts'
import type { GroupChat, Installation } from './installation.ts'
import type { Account } from './population.ts'
import type { Random } from './random.ts'
import type { Sent, Written } from './records.ts'
import { patiently } from './until.ts'

export interface Rates {
  /** Messages per second that contacts write, over all accounts. */
  in: number
  /** And that customers send. */
  out: number
}

const TICK_MS = 25
/** Between two tries of the same message; twice as long each time, so that a long outage is no storm. */
const RETRY_MS = 250
const MAX_RETRY_MS = 2_000
/** With so many unanswered, no more are begun: else an outage would be followed by a flood that no customer makes. */
const MAX_UNANSWERED = 500
const TWICE_AT_ONCE = 0.1
const ONCE_MORE = 0.05
/** The share of messages that go to groups. */
const IN_GROUP = 0.2
/** Answers that mean "later". */
const LATER = new Set([429, 500, 502, 503, 504])

export class Traffic {
  readonly sent: Sent[] = []
  readonly written: Written[] = []
  /** Tries that were not answered, or with "later". */
  failedTries = 0
  readonly #installation: Installation
  readonly #random: Random
  readonly #unanswered = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #failure: unknown

  constructor(installation: Installation, random: Random) {
    this.#installation = installation
    this.#random = random
  }

  start(rates: Rates): void {
    const owed = { in: 0, out: 0 }
    let last = performance.now()
    this.#timer = setInterval(() => {
      const seconds = (performance.now() - last) / 1000
      last = performance.now()
      for (const way of ['in', 'out'] as const) {
        owed[way] += seconds * rates[way]
        for (; owed[way] >= 1; owed[way]--) this.#begin(way)
      }
    }, TICK_MS)
  }

  /** Begins nothing more. What has no answer yet goes on asking for one. */
  stop(): void {
    clearInterval(this.#timer)
  }

  /** Gives up what has no answer yet, too. */
  async abort(): Promise<void> {
    this.stop()
    this.#stopping.abort()
    await Promise.all(this.#unanswered)
  }

  /** Throws what went wrong in a way that no customer and no contact caused. */
  check(): void {
    if (this.#failure) throw this.#failure
  }

  #begin(way: keyof Rates): void {
    if (this.#unanswered.size >= MAX_UNANSWERED) return
    const account = this.#random.pick(this.#installation.accounts)
    const group = this.#random.next() < IN_GROUP ? this.#installation.groupOf(account) : undefined
    const contact = this.#random.pick(group?.members ?? account.contacts)
    const work = (way === 'in' ? this.#write(account, contact, group) : this.#send(account, contact, group))
      .catch((error) => {
        if (!this.#stopping.signal.aborted) this.#failure ??= error
      })
      .finally(() => this.#unanswered.delete(work))
    this.#unanswered.add(work)
  }

  async #write(account: Account, contact: string, group: GroupChat | undefined): Promise<void> {
    const text = `in ${this.written.length} ${randomUUID()}`
    const addressing = this.#random.next() < 0.5 ? 'number' : 'lid'
    const at = Date.now()
    const { simulator } = this.#installation
    const chat = group?.id ?? account.number
    const id = await simulator.sendText(contact, chat, text, addressing).catch(async (error: unknown) => {
      if (error instanceof SimulatorClientError) throw error
      return this.#findWritten(contact, chat, text) // no answer came: the phone knows whether it wrote
    })
    if (id) this.written.push({ account: account.number, contact, text, at, id })
  }

  async #findWritten(contact: string, chat: string, text: string): Promise<string | undefined> {
    const messages = await patiently(() => this.#installation.simulator.messages(contact, chat))
    return messages.find((message) => message.direction === 'out' && message.text === text)?.id
  }

  async #send(account: Account, contact: string, group: GroupChat | undefined): Promise<void> {
    const text = `out ${this.sent.length} ${randomUUID()}`
    const to = group ? { contact: group.id, members: group.members } : { contact }
    const message: Sent = { account: account.number, ...to, text, at: Date.now() }
    this.sent.push(message)
    const key = randomUUID()
    const isTwice = this.#random.next() < TWICE_AT_ONCE
    await Promise.all([
      this.#untilAnswered(account, message, key),
      isTwice && this.#untilAnswered(account, message, key),
    ])
    if (this.#random.next() < ONCE_MORE) await this.#untilAnswered(account, message, key)
  }

  async #untilAnswered(account: Account, message: Sent, key: string): Promise<void> {
    const client = this.#installation.clientOf(account)
    for (let waitMs = RETRY_MS; ; waitMs = Math.min(2 * waitMs, MAX_RETRY_MS)) {
      const answer = await client.send(account.session, message.contact, message.text, key).catch(() => undefined)
      if (answer && !LATER.has(answer.status)) {
        note(message, answer)
        return
      }
      this.failedTries += 1
      await delay(waitMs, undefined, { signal: this.#stopping.signal })
    }
  }
}

function note(message: Sent, { status, body }: Answer): void {
  if (status !== 200 && status !== 201) {
    message.refusal ??= `${status} ${body.code}`
    return
  }
  if (message.id !== undefined && message.id !== body.id) {
    throw new Error(`One Idempotency-Key became two messages: ${message.id} and ${body.id}`)
  }
  message.id = body.id
  message.acceptedAt ??= Date.now()
}
