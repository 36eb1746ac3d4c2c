/**
 * The open sends of one session.
 *
 * A row comes from the database as queued, or as sending: then an earlier connection or owner handed it over and nobody
 * knows what became of it. Waiting → handed over ('sending' is in the queue of the committer ahead of the ratchet step, so
 * it is durable before the stanza) → settled, by the server's ack or a receipt, or refused for good.
 * Handed over without an ack in time → waiting again, under the same id, which a phone drops if it has it already.
 * A file is uploaded before its message is handed over, and while it is 'queued' still.
 * The connection closed → all that is not settled waits again; nothing goes before what the provider kept for us was handed
 * over, since the receipts in it settle rows.
 * Chats don't wait for each other; in a chat, nothing overtakes a message that failed to be handed over.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { backoffMs } from '@berth/core/kube/backoff.ts'
import type { StatusChange } from '@berth/core/postgres/commit.ts'
import type { SendRow } from '@berth/core/postgres/sends.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { type Send, SendRefused } from './drivers/driver.ts'
import { messages } from './metrics.ts'
import { isSettled } from './store/message-status.ts'
import { within } from './store/within.ts'

/** For handing over, and for the ack after that. */
const DEADLINE_MS = 20_000
const BACKOFF = { baseMs: 500, maxMs: 5 * 60_000 }
/** Handed over without an ack; more would only fill the provider's queue. */
const MAX_UNACKNOWLEDGED = 20
/** Rows that are asked for at once, and the number below which more are asked for. */
export const OUTBOX_BATCH = 50
const REFILL_BELOW = 10

export interface OutboxHost {
  /** What must come before handing over and may take long; undefined: nothing. Answers the content to go out with. */
  prepare(send: Omit<Send, 'repeated'>): Promise<unknown> | undefined
  send(send: Send): Promise<void>
  /** Writes statuses; resolves when they are durable. */
  write(statuses: StatusChange[], options?: { lazy?: boolean }): Promise<void>
  /** False: begin nothing now. */
  mayAct(): boolean
  log: Logger
}

interface Entry {
  row: SendRow
  handedOver: boolean
  attempts: number
  /** Not before this time (performance.now()). */
  notBefore: number
  ackTimer?: NodeJS.Timeout
}

export class Outbox {
  readonly #host: OutboxHost
  /** By WhatsApp id, in the order of the rows' numbers. */
  #open = new Map<string, Entry>()
  /** Settled here, but maybe not in an answer of the database that is still under way. */
  readonly #settled = new Set<string>()
  readonly #durablySettled = new Set<string>()
  readonly #listeners = new Map<string, (() => void)[]>()
  #ready = false
  #pumping = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(host: OutboxHost) {
    this.#host = host
  }

  /** There is room for more rows. */
  get wantsMore(): boolean {
    return !this.#stopped && this.#open.size < REFILL_BELOW
  }

  get size(): number {
    return this.#open.size
  }

  /** Call before the database is asked for open rows. */
  beforeLoad(): void {
    for (const id of this.#durablySettled) this.#settled.delete(id)
    this.#durablySettled.clear()
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
    this.pump()
  }

  /** Connected, and what the provider kept for us was handed over. */
  ready(): void {
    this.#ready = true
    for (const entry of this.#open.values()) this.#takeBack(entry, 0)
    this.pump()
  }

  /** The connection is gone. */
  notReady(): void {
    this.#ready = false
    for (const entry of this.#open.values()) clearTimeout(entry.ackTimer)
  }

  stop(): void {
    this.#stopped = true
    this.notReady()
    clearTimeout(this.#timer)
    this.#open.clear()
    for (const id of [...this.#listeners.keys()]) this.#tell(id)
  }

  /** What the provider said; resolves when it is durable. */
  async statuses(changes: StatusChange[]): Promise<void> {
    if (changes.length === 0) return
    const written = this.#host.write(changes)
    const settled = changes.filter((change) => isSettled(change.status)).map((change) => change.whatsappId)
    for (const id of settled) this.#settle(id, changes.find((change) => change.whatsappId === id)!.status !== 'failed')
    await written
    for (const id of settled) {
      if (this.#settled.has(id)) this.#durablySettled.add(id)
      this.#tell(id)
    }
  }

  /** Resolves when the message with our own id is settled and durable, or was not open here at all. */
  whenSettled(messageId: string): Promise<void> {
    const entry = [...this.#open.values()].find(({ row }) => row.id === messageId)
    if (!entry) return Promise.resolve()
    const id = entry.row.whatsapp_id
    return new Promise((resolve) => this.#listeners.set(id, [...(this.#listeners.get(id) ?? []), resolve]))
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

  /** The oldest entry whose chat is free; undefined when nothing may go now. A timer comes back for those that wait. */
  #next(): Entry | undefined {
    if (!this.#ready || this.#stopped || !this.#host.mayAct()) return undefined
    const entries = [...this.#open.values()]
    if (entries.filter((entry) => entry.handedOver).length >= MAX_UNACKNOWLEDGED) return undefined
    const now = performance.now()
    const blocked = new Set<string>()
    let wakeAt = Number.POSITIVE_INFINITY
    for (const entry of entries) {
      if (entry.handedOver || blocked.has(entry.row.chat)) continue
      if (entry.notBefore <= now) return entry
      blocked.add(entry.row.chat)
      wakeAt = Math.min(wakeAt, entry.notBefore)
    }
    clearTimeout(this.#timer)
    if (wakeAt < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.pump(), wakeAt - now)
    return undefined
  }

  async #handOver(entry: Entry): Promise<void> {
    const { chat, whatsapp_id: whatsappId, type, content, status } = entry.row
    const preparing = this.#host.prepare({ chat, whatsappId, type, content })
    if (preparing) return this.#waitFor(entry, preparing)
    entry.handedOver = true
    entry.attempts++
    try {
      await failpoint('send.taken')
      if (status === 'queued') {
        entry.row.status = 'sending'
        void this.#host.write([{ whatsappId, status: 'sending' }], { lazy: true })
      }
      await failpoint('send.marked')
      const repeated = status === 'sending'
      await within(DEADLINE_MS, this.#host.send({ chat, whatsappId, type, content, repeated }))
      await failpoint('send.handed-over')
    } catch (error) {
      this.#failed(entry, error)
      return
    }
    if (this.#open.get(whatsappId) !== entry || !this.#ready) return // settled meanwhile, or closed
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
    if (error instanceof SendRefused) {
      void this.statuses([{ whatsappId, status: 'failed', errorCode: error.code, errorMessage: error.message }])
      return
    }
    const waitMs = backoffMs(entry.attempts, BACKOFF)
    this.#host.log.warn({ whatsappId, err: error, waitMs: Math.round(waitMs) }, 'a message was not handed over')
    this.#takeBack(entry, waitMs)
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
    if (accepted) messages.inc({ direction: 'out' })
    this.pump()
  }

  #tell(whatsappId: string): void {
    for (const listener of this.#listeners.get(whatsappId) ?? []) listener()
    this.#listeners.delete(whatsappId)
  }
}
