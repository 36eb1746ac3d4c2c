/**
 * The open sends of one session.
 *
 * A row comes from the database as queued, or as sending: then an earlier connection or owner handed it over and nobody
 * knows what became of it. Waiting → taken (the database says that it was not cancelled and its time is not up; 'sending' is
 * durable) → handed over → settled, by the server's ack or a receipt, or refused for good. Not to be had any more → gone.
 * Handed over without an ack in time → waiting again, under the same id, which a phone drops if it has it already.
 * A file is uploaded before its message is handed over, and while it is 'queued' still.
 * The connection closed → all that is not settled waits again; nothing goes before what the provider kept for us was handed
 * over, since the receipts in it settle rows.
 * Chats don't wait for each other; in a chat, nothing overtakes a message that failed to be handed over. All keep the pace.
 * Closed, because the account was logged out → whatever is open fails, and whatever comes.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { backoffMs } from '@berth/core/kube/backoff.ts'
import type { StatusChange } from '@berth/core/postgres/commit.ts'
import type { SendRow, SendsWanted } from '@berth/core/postgres/sends.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { type Send, SendRefused } from './drivers/driver.ts'
import { messages } from './metrics.ts'
import { nextOf, type Pace, sentUntil, withSent } from './pace.ts'
import { SettledSends } from './settled-sends.ts'
import { isSettled } from './store/message-status.ts'
import { within } from './store/within.ts'

/** For handing over, and for the ack after that. */
const DEADLINE_MS = 20_000
const BACKOFF = { baseMs: 500, maxMs: 5 * 60_000 }
/** Handed over without an ack; more would only fill the provider's queue. */
const MAX_UNACKNOWLEDGED = 20
/** Rows that are asked for at once, of one chat and in all, and the number of those that may go below which more are asked for. */
const CHAT_BATCH = 25
export const OUTBOX_BATCH: SendsWanted = { limit: 50, chatLimit: CHAT_BATCH }
const REFILL_BELOW = 10
const MAX_OPEN = 500

export interface OutboxHost {
  /** What must come before handing over and may take long; undefined: nothing. Answers the content to go out with. */
  prepare(send: Omit<Send, 'repeated'>): Promise<unknown> | undefined
  /** False: the message must not go out any more. Waits while the database is away. */
  take(messageId: string): Promise<boolean>
  send(send: Send): Promise<void>
  /** Writes statuses; resolves when they are durable. */
  write(statuses: StatusChange[]): Promise<void>
  /** False: begin nothing now. */
  mayAct(): boolean
  log: Logger
}

/** Why all messages fail. */
export interface Refusal {
  code: string
  message: string
}

interface Entry {
  row: SendRow
  handedOver: boolean
  attempts: number
  /** Not before this time (performance.now()). */
  notBefore: number
  /** Since when it is out on this connection (performance.now()). */
  outSince?: number | undefined
  ackTimer?: NodeJS.Timeout
}

export class Outbox {
  readonly #host: OutboxHost
  /** By WhatsApp id, in the order of the rows' numbers. */
  #open = new Map<string, Entry>()
  readonly #settled = new SettledSends()
  #ready = false
  #closed: Refusal | undefined
  #pace: Pace = {}
  #sent = sentUntil(performance.now())
  /** Chats whose next message has to wait. */
  #held = new Set<string>()
  /** When something that was out was confirmed last (performance.now()). */
  #confirmedAt = Number.NEGATIVE_INFINITY
  #pumping = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(host: OutboxHost) {
    this.#host = host
  }

  /** There is room for more rows: messages that have to wait for their chat's sake leave none to others otherwise. */
  get wantsMore(): boolean {
    if (this.#stopped || this.#open.size >= MAX_OPEN) return false
    return [...this.#open.values()].filter(({ row }) => !this.#held.has(row.chat)).length < REFILL_BELOW
  }

  /** Chats of which there are enough rows here. */
  get fullChats(): string[] {
    const chats = Map.groupBy(this.#open.values(), ({ row }) => row.chat)
    return [...chats].filter(([, entries]) => entries.length >= CHAT_BATCH).map(([chat]) => chat)
  }

  get size(): number {
    return this.#open.size
  }

  /** How fast messages may go from now on. */
  set pace(pace: Pace) {
    this.#pace = pace
    this.pump()
  }

  /** Since when something is out, on this connection, without anything being confirmed (performance.now()); undefined: nothing is. */
  get unconfirmedSince(): number | undefined {
    const since = [...this.#open.values()].flatMap(({ outSince }) => outSince ?? [])
    return since.length > 0 ? Math.max(Math.min(...since), this.#confirmedAt) : undefined
  }

  /** When something that was out was confirmed last (performance.now()). */
  get confirmedAt(): number {
    return this.#confirmedAt
  }

  /** Call before the database is asked for open rows. */
  beforeLoad(): void {
    this.#settled.beforeLoad()
  }

  /** Open rows as the database has them, oldest first. */
  offer(rows: SendRow[]): void {
    let added = false
    for (const row of rows) {
      if (this.#open.has(row.whatsapp_id) || this.#settled.has(row.whatsapp_id)) continue
      this.#open.set(row.whatsapp_id, { row, handedOver: false, attempts: 0, notBefore: 0 })
      added = true
    }
    if (!added) return
    this.#open = new Map([...this.#open].sort(([, a], [, b]) => a.row.number - b.row.number))
    if (this.#closed) this.#failAll(this.#closed)
    else this.pump()
  }

  /** Connected, and what the provider kept for us was handed over. */
  ready(): void {
    this.#ready = true
    for (const entry of this.#open.values()) {
      entry.outSince = undefined
      this.#takeBack(entry, 0)
    }
    this.pump()
  }

  /** The connection is gone. */
  notReady(): void {
    this.#ready = false
    for (const entry of this.#open.values()) {
      entry.outSince = undefined
      clearTimeout(entry.ackTimer)
    }
  }

  /** Nothing can be sent any more: what is open fails, and so does what is offered, until it is opened again. */
  close(refusal: Refusal): void {
    this.#closed = refusal
    this.#failAll(refusal)
  }

  reopen(): void {
    this.#closed = undefined
  }

  #failAll({ code, message }: Refusal): void {
    const changes = [...this.#open.keys()].map(
      (whatsappId): StatusChange => ({ whatsappId, status: 'failed', errorCode: code, errorMessage: message }),
    )
    void this.statuses(changes)
  }

  stop(): void {
    this.#stopped = true
    this.notReady()
    clearTimeout(this.#timer)
    this.#open.clear()
    this.#settled.end()
  }

  /** What became of messages; resolves when it is durable. */
  async statuses(changes: StatusChange[]): Promise<void> {
    if (changes.length === 0) return
    const written = this.#host.write(changes)
    const settled = changes.filter((change) => isSettled(change.status))
    for (const { whatsappId, status } of settled) this.#settle(whatsappId, status !== 'failed')
    await written
    for (const { whatsappId } of settled) this.#settled.durable(whatsappId)
  }

  /** Resolves when the message with our own id is settled and durable, or was not open here at all. */
  whenSettled(messageId: string): Promise<void> {
    const entry = [...this.#open.values()].find(({ row }) => row.id === messageId)
    return entry ? this.#settled.when(entry.row.whatsapp_id) : Promise.resolve()
  }

  /** Hands over what may go now. */
  pump(): void {
    if (!this.#pumping) void this.#pump()
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      for (let entry = this.#next(); entry; entry = this.#next()) await this.#handOver(entry)
    } finally {
      this.#pumping = false
    }
  }

  /** The oldest entry that may go; undefined when nothing may now. A timer comes back for those that wait. */
  #next(): Entry | undefined {
    if (!this.#ready || this.#stopped || !this.#host.mayAct()) return undefined
    const entries = [...this.#open.values()]
    if (entries.filter((entry) => entry.handedOver).length >= MAX_UNACKNOWLEDGED) return undefined
    const now = performance.now()
    const waiting = entries.map((entry) => ({ ...entry, chat: entry.row.chat, entry }))
    const { next, lookAt, held } = nextOf(waiting, this.#pace, this.#sent, now)
    this.#held = held
    if (next) return next.entry
    clearTimeout(this.#timer)
    if (lookAt < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.pump(), lookAt - now)
    return undefined
  }

  async #handOver(entry: Entry): Promise<void> {
    const { id, chat, whatsapp_id: whatsappId, type, content } = entry.row
    const preparing = this.#host.prepare({ chat, whatsappId, type, content })
    if (preparing) return this.#waitFor(entry, preparing)
    entry.handedOver = true
    entry.attempts++
    try {
      await failpoint('send.taken')
      const taken = await this.#host.take(id)
      if (this.#open.get(whatsappId) !== entry) return // settled meanwhile
      if (!taken) return this.#gone(entry)
      await failpoint('send.marked')
      const repeated = entry.row.status === 'sending'
      entry.row.status = 'sending'
      if (!this.#ready) return // the next connection has it
      entry.handedOver = true // a connection that came meanwhile has taken it back
      this.#sent = withSent(this.#sent, this.#pace, chat, performance.now(), Math.random())
      await within(DEADLINE_MS, this.#host.send({ chat, whatsappId, type, content, repeated }))
      await failpoint('send.handed-over')
    } catch (error) {
      this.#failed(entry, error)
      return
    }
    if (this.#open.get(whatsappId) !== entry || !this.#ready) return // settled meanwhile, or closed
    entry.outSince ??= performance.now()
    const waitMs = Math.max(DEADLINE_MS, backoffMs(entry.attempts, BACKOFF))
    entry.ackTimer = setTimeout(() => {
      this.#host.log.warn({ whatsappId, attempts: entry.attempts }, 'no ack of a message, handing it over again')
      this.#takeBack(entry, 0)
      this.pump()
    }, waitMs)
  }

  /** Its chat waits for it, the others go on. */
  #waitFor(entry: Entry, preparing: Promise<unknown>): void {
    entry.notBefore = Number.POSITIVE_INFINITY
    entry.attempts++
    const { whatsapp_id: id } = entry.row
    preparing
      .then(
        (content) => {
          entry.row.content = content
          entry.attempts = 0
          this.#takeBack(entry, 0)
        },
        (error) => this.#open.get(id) === entry && this.#failed(entry, error),
      )
      .finally(() => this.pump())
  }

  #failed(entry: Entry, error: unknown): void {
    const { whatsapp_id: whatsappId } = entry.row
    if (this.#open.get(whatsappId) !== entry) return
    if (error instanceof SendRefused) {
      void this.statuses([{ whatsappId, status: 'failed', errorCode: error.code, errorMessage: error.message }])
      return
    }
    const waitMs = backoffMs(entry.attempts, BACKOFF)
    this.#host.log.warn({ whatsappId, err: error, waitMs: Math.round(waitMs) }, 'a message was not handed over')
    this.#takeBack(entry, waitMs)
  }

  /** It was cancelled, or its time is up: the database knows. */
  #gone({ row: { whatsapp_id: whatsappId } }: Entry): void {
    this.#settle(whatsappId, false)
    this.#settled.durable(whatsappId)
  }

  #takeBack(entry: Entry, waitMs: number): void {
    clearTimeout(entry.ackTimer)
    entry.handedOver = false
    entry.notBefore = performance.now() + waitMs
  }

  #settle(whatsappId: string, accepted: boolean): void {
    const entry = this.#open.get(whatsappId)
    if (!entry) return
    clearTimeout(entry.ackTimer)
    this.#open.delete(whatsappId)
    this.#settled.add(whatsappId)
    if (entry.outSince !== undefined) this.#confirmedAt = performance.now()
    if (accepted) messages.inc({ direction: 'out' })
    this.pump()
  }
}
