/** Follows, on the phones and in the simulator's ledger, which messages of the traffic are through. */
import { setTimeout as delay } from 'node:timers/promises'
import type { SimulatorClient } from '@berth/simulator/client.ts'
import { copiesOf, type LedgerEntry, type Seen, type Sent } from './records.ts'
import type { Arrival } from './recovery.ts'
import type { Traffic } from './traffic.ts'
import { patiently } from './until.ts'

const POLL_MS = 250
const LEDGER_PAGE = 10_000
const CHAT_PAGE = 50

type Message = Pick<Sent, 'account' | 'at'>
type Copy = Pick<Seen, 'account' | 'contact' | 'group' | 'text'>

export class Arrivals {
  /** All of it so far. */
  readonly ledger: LedgerEntry[] = []
  readonly #simulator: SimulatorClient
  readonly #traffic: Traffic
  /** When a text came to a contact's phone, by both. */
  readonly #seen = new Map<string, number>()
  /** When an account's device said that it has a message, by WhatsApp id. */
  readonly #receipted = new Map<string, number>()
  /** The last known `seq` of a contact's chat. */
  readonly #known = new Map<string, number>()
  readonly #stopping = new AbortController()
  #following: Promise<void> | undefined

  constructor(simulator: SimulatorClient, traffic: Traffic) {
    this.#simulator = simulator
    this.#traffic = traffic
  }

  start(): void {
    this.#following = this.#follow()
  }

  /** Resolves when it has read what is there by now. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    await this.#following
    await patiently(() => this.#look())
  }

  /** Messages begun by then that are not through: a few words on each. */
  missing(begunUntil: number): string[] {
    const { sent, written } = this.#traffic
    const outgoing = sent.filter((one) => one.at <= begunUntil && !one.refusal && this.#arrivedAt(one) === undefined)
    const incoming = written.filter(({ at, id }) => at <= begunUntil && !this.#receipted.has(id))
    return [
      ...outgoing.map(({ text, account, id }) => `"${text}" of ${account} (${id ?? 'not accepted yet'})`),
      ...incoming.map(({ text, account, id }) => `"${text}" to ${account} (${id})`),
    ]
  }

  /** What was begun at that time or later, and is through. */
  since(begunAt: number): Arrival[] {
    const { sent, written } = this.#traffic
    const arrival = (way: Arrival['way'], { account, at }: Message, arrivedAt: number | undefined): Arrival[] =>
      at >= begunAt && arrivedAt !== undefined ? [{ account, way, begunAt: at, arrivedAt }] : []
    return [
      ...sent.flatMap((message) => arrival('out', message, this.#arrivedAt(message))),
      ...written.flatMap((message) => arrival('in', message, this.#receipted.get(message.id))),
    ]
  }

  /** When the last phone that a message is for had it. */
  #arrivedAt(message: Sent): number | undefined {
    const times = copiesOf(message).map((copy) => this.#seen.get(keyOf(copy)))
    return times.includes(undefined) ? undefined : Math.max(...(times as number[]))
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const begun = performance.now()
      await this.#look().catch(() => {}) // read in the next turn; what is never read is missed when we settle
      // After an outage there is much to look at: the rest of the harness must get its turns, too.
      await delay(Math.max(POLL_MS, performance.now() - begun), undefined, { signal }).catch(() => {})
    }
  }

  async #look(): Promise<void> {
    await this.#readLedger()
    const waiting = this.#traffic.sent.flatMap(copiesOf).filter((copy) => !this.#seen.has(keyOf(copy)))
    const chats = new Map(waiting.map((copy) => [`${copy.contact} ${chatOf(copy)}`, copy]))
    // Together: on a busy machine each answer takes seconds, and there are dozens of chats.
    const reads = await Promise.allSettled([...chats.values()].map((copy) => this.#readChat(copy)))
    const failed = reads.find((read) => read.status === 'rejected') // one that can't be read must not hide the others
    if (failed) throw failed.reason
  }

  async #readLedger(): Promise<void> {
    for (;;) {
      const entries = await this.#simulator.ledger({ after: this.ledger.at(-1)?.seq ?? 0, limit: LEDGER_PAGE })
      for (const { event, direction, message, at } of entries) {
        if (direction === 'to-device' && event === 'delivered' && !this.#receipted.has(message)) {
          this.#receipted.set(message, at)
        }
      }
      this.ledger.push(...entries)
      if (entries.length < LEDGER_PAGE) return
    }
  }

  /** Backwards from the newest message to the last known one. */
  async #readChat(copy: Copy): Promise<void> {
    const { contact } = copy
    const chat = `${contact} ${chatOf(copy)}`
    const known = this.#known.get(chat) ?? 0
    let newest = known
    for (let before: number | undefined; ; ) {
      const page = await this.#simulator.messages(contact, chatOf(copy), {
        limit: CHAT_PAGE,
        ...(before !== undefined && { before }),
      })
      for (const { seq, direction, text, at } of page) {
        newest = Math.max(newest, seq)
        const key = keyOf({ contact, text })
        if (direction === 'in' && !this.#seen.has(key)) this.#seen.set(key, at)
      }
      before = page[0]?.seq
      if (before === undefined || page.length < CHAT_PAGE || before <= known) break
    }
    this.#known.set(chat, newest)
  }
}

const chatOf = ({ account, group }: Copy): string => group ?? account
const keyOf = ({ contact, text }: Pick<Copy, 'contact' | 'text'>): string => `${contact} ${text}`
