/**
 * Tells endpoints what happened. Any gateway process does it for any endpoint, one at a time for each: it holds the
 * endpoint's lease while it does, and a process that died is followed by another when that has ended.
 *
 * Each round asks the database which endpoints have something new (a hint: commits don't come in the order of their
 * numbers) or, now and then, anything open; takes those that nobody holds; loads what they can be told; and sends it.
 * A message is on its way some tens of milliseconds after its commit. Nothing is sent that was not committed as an event,
 * and what was sent and not written as told is sent again, under the same id.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '@berth/core/postgres/pool.ts'
import {
  loadDeliveries,
  noteWebhookHealth,
  type OpenDelivery,
  pauseWebhook,
  releaseWebhooks,
  takeWebhooks,
  webhooksWithNew,
  webhooksWithOpen,
} from '@berth/core/postgres/webhooks.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { counter, histogram } from '@berth/core/telemetry/metrics.ts'
import type { Database } from '../data/database.ts'
import { showEvents } from '../show.ts'
import { Desk, type Letter } from './desk.ts'
import { pauseAfter } from './lanes.ts'
import { Ledger } from './ledger.ts'
import { bodyOf, headersOf } from './letter.ts'
import { afterFailure, retryAfterOf } from './schedule.ts'
import type { EndpointSecrets } from './secrets.ts'
import type { Sender, Sent } from './sender.ts'

const LEASE_SECONDS = 20
const BUSY_PAUSE_MS = 50
const IDLE_PAUSE_MS = 200
/** After the last thing that was new. */
const BUSY_FOR_MS = 10_000
/** All that is open is looked for; also for how long a commit may take to show behind younger ones before that. */
const SWEEP_EVERY_MS = 2_000
const TROUBLE_PAUSE_MS = 1_000
const LAST_ANSWERS_MS = 4_000
const STOP_MS = 7_000
const RELEASE_AFTER_MS = 5_000
const LOADED_AT_ONCE = 100
const MOST_UNDER_WAY = 400
/** So many hanging endpoints leave room for the others. */
const MOST_FAILING_UNDER_WAY = 200

const attempts = counter({
  name: 'berth_webhook_attempts_total',
  help: 'Attempts to tell an endpoint of an event, by outcome',
  labels: ['outcome'],
})
const delay = histogram({
  name: 'berth_webhook_delay_seconds',
  help: 'From the commit of an event until its first attempt',
})

export interface DispatcherParts {
  pool: Pool
  database: Database
  secrets: EndpointSecrets
  sender: Sender
  publicUrl?: string | undefined
  log: Logger
}

export class Dispatcher {
  readonly #parts: DispatcherParts
  readonly #holder = randomUUID()
  readonly #desks = new Map<string, Desk>()
  readonly #ledger: Ledger
  readonly #stopping = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #rounds: Promise<void> = Promise.resolve()
  #newest = 0
  /** Numbers above it may be new; lags behind by one or two sweeps. */
  #above = 0
  #lastNewAt = 0
  #nextSweepAt = 0
  #isOver = false

  constructor(parts: DispatcherParts) {
    this.#parts = parts
    this.#ledger = new Ledger(parts.pool, this.#holder, parts.log)
  }

  start(): this {
    this.#rounds = this.#run()
    return this
  }

  /** Waits for what is on its way, but not long: what has no answer by then is told again by others, who take over at once. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const ended = this.#rounds.then(async () => {
      await Promise.race([Promise.all(this.#underWay), sleep(LAST_ANSWERS_MS)])
      this.#isOver = true
      await this.#ledger.flushed()
      await releaseWebhooks(this.#parts.pool, this.#holder, [...this.#desks.keys()])
    })
    await Promise.race([ended.catch(() => {}), sleep(STOP_MS)])
    this.#parts.sender.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let pause = performance.now() - this.#lastNewAt < BUSY_FOR_MS ? BUSY_PAUSE_MS : IDLE_PAUSE_MS
      try {
        await this.#round(performance.now())
      } catch (error) {
        this.#parts.log.warn({ error: (error as Error).message }, 'webhooks wait for the database')
        pause = TROUBLE_PAUSE_MS
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause)
        signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
      })
    }
  }

  async #round(now: number): Promise<void> {
    const { pool } = this.#parts
    const isSweep = now >= this.#nextSweepAt
    if (isSweep) {
      this.#nextSweepAt = now + SWEEP_EVERY_MS
      this.#above = this.#newest
    }
    const [fresh, open] = await Promise.all([
      webhooksWithNew(pool, this.#above),
      isSweep ? webhooksWithOpen(pool, this.#holder) : [],
    ])
    for (const { number } of fresh) {
      if (number > this.#newest) this.#lastNewAt = now
      this.#newest = Math.max(this.#newest, number)
    }
    const piled = [...this.#desks].filter(([, desk]) => desk.hasMore && desk.wantsMore).map(([id]) => id)
    const wanted = new Set([...fresh.map(({ endpoint_id }) => endpoint_id), ...open, ...piled])
    const all = isSweep ? wanted.union(new Set(this.#desks.keys())) : wanted
    if (all.size > 0) await this.#hold([...all])
    const hungry = [...wanted].filter((id) => this.#desks.get(id)?.wantsMore)
    if (hungry.length > 0) await this.#load(hungry)
    this.#sendAll()
    if (isSweep) await this.#leaveIdle()
  }

  async #hold(ids: string[]): Promise<void> {
    const now = performance.now()
    const held = await takeWebhooks(this.#parts.pool, this.#holder, ids, LEASE_SECONDS)
    // What the database grants begins later, and what is left of a lease is never less than half of it.
    const until = now + (LEASE_SECONDS * 1000) / 2
    const lost = new Set(ids)
    for (const endpoint of held) {
      lost.delete(endpoint.id)
      const desk = this.#desks.get(endpoint.id)
      if (desk) desk.renew(endpoint, until)
      else this.#desks.set(endpoint.id, new Desk(endpoint, now, until))
    }
    for (const id of lost) this.#desks.get(id)?.drop()
  }

  async #load(ids: string[]): Promise<void> {
    const { pool } = this.#parts
    const written = new Map(ids.map((id) => [id, this.#desks.get(id)!.written()]))
    const loaded = await loadDeliveries(pool, this.#holder, ids, LOADED_AT_ONCE)
    const fresh = loaded.filter(({ endpoint_id, number }) => this.#desks.get(endpoint_id)!.isNew(number))
    const letters = await this.#write(fresh)
    for (const id of ids) {
      const desk = this.#desks.get(id)!
      desk.hasMore = loaded.filter(({ endpoint_id }) => endpoint_id === id).length >= LOADED_AT_ONCE
      const own = letters.filter(({ delivery }) => delivery.endpoint_id === id)
      desk.add(own, written.get(id)!)
    }
  }

  async #write(deliveries: OpenDelivery[]): Promise<Letter[]> {
    const { database, publicUrl } = this.#parts
    const byTenant = [...Map.groupBy(deliveries, ({ tenant_id }) => tenant_id)]
    const written = byTenant.map(async ([tenantId, own]) => {
      const events = await showEvents(
        database,
        tenantId,
        own.map(({ event }) => event),
      )
      return own.map((delivery, i) => {
        const { number, lane, late } = delivery
        return { number, lane, late, delivery, body: bodyOf(events[i]!, publicUrl) }
      })
    })
    return (await Promise.all(written)).flat()
  }

  /** Whoever has sent comes last the next time, so that all get their turn when there is no room for all. */
  #sendAll(): void {
    for (const [id, desk] of [...this.#desks]) {
      if (this.#underWay.size >= MOST_UNDER_WAY) return
      if (!this.#send(desk)) continue
      this.#desks.delete(id)
      this.#desks.set(id, desk)
    }
  }

  /** Whether something went out. */
  #send(desk: Desk): boolean {
    if (this.#stopping.signal.aborted) return false
    let room = MOST_UNDER_WAY - this.#underWay.size
    if (desk.isFailing) {
      const failing = [...this.#desks.values()].reduce((sum, one) => sum + (one.isFailing ? one.underWay : 0), 0)
      room = Math.min(room, MOST_FAILING_UNDER_WAY - failing)
    }
    const letters = desk.take(performance.now(), room)
    for (const letter of letters) {
      const sent: Promise<void> = this.#tell(desk, letter).finally(() => {
        const wasFull = this.#underWay.size >= MOST_UNDER_WAY
        this.#underWay.delete(sent)
        if (wasFull) this.#sendAll()
        else this.#send(desk)
      })
      this.#underWay.add(sent)
    }
    return letters.length > 0
  }

  async #tell(desk: Desk, letter: Letter): Promise<void> {
    const { secrets, sender } = this.#parts
    const { delivery, body } = letter
    const { endpoint } = desk
    if (delivery.tries === 0) delay.observe((Date.now() - delivery.event.occurred_at.getTime()) / 1000)
    let sent: Sent
    try {
      const headers = headersOf(endpoint, secrets, delivery.event.id, body, new Date())
      sent = await sender.send(endpoint.url, headers, body)
    } catch {
      const error = 'The secret can not be read any more: rotate it'
      sent = { attempt: { at: new Date().toISOString(), ms: 0, error }, succeeded: false }
    }
    if (!this.#isOver) this.#note(desk, letter, sent)
  }

  #note(desk: Desk, letter: Letter, { attempt, retryAfter, succeeded }: Sent): void {
    attempts.labels(succeeded ? 'delivered' : 'failed').inc()
    const { number, delivery } = letter
    const tries = delivery.tries + 1
    const asked = retryAfterOf(retryAfter, Date.now())
    const failed = {
      tries,
      sinceMs: delivery.tried_ms,
      late: delivery.late,
      ...(asked !== undefined && { retryAfterMs: asked }),
    }
    const verdict = succeeded ? { status: 'delivered' as const } : afterFailure(failed, Math.random())
    const late = verdict.status === 'pending' ? verdict.late : delivery.late
    desk.settle(letter, { succeeded, late: late || verdict.status === 'dead' }, performance.now())
    const waitMs = verdict.status === 'pending' ? verdict.waitMs : 0
    this.#ledger.write({ number, status: verdict.status, late, tries, waitMs, attempt }, () => desk.noteWritten(number))
    this.#noteHealth(desk, succeeded, attempt.status)
  }

  #noteHealth(desk: Desk, succeeded: boolean, status: number | undefined): void {
    const { pool, log } = this.#parts
    const { id, failing_since } = desk.endpoint
    const reason = succeeded ? undefined : pauseAfter(status, failing_since?.getTime(), Date.now())
    const hasChanged = desk.isFailing === succeeded
    desk.isFailing = !succeeded
    // What is not written now is written with the next attempt.
    const unwritten = (error: Error) => log.warn({ error: error.message }, 'how an endpoint is doing was not written')
    if (reason) {
      desk.drop()
      log.info({ endpoint: id, reason }, 'an endpoint is told nothing any more')
      pauseWebhook(pool, id, reason).catch(unwritten)
    } else if (hasChanged) noteWebhookHealth(pool, id, !succeeded).catch(unwritten)
  }

  async #leaveIdle(): Promise<void> {
    const now = performance.now()
    const idle = [...this.#desks].filter(([, desk]) => desk.idleFor(now) > RELEASE_AFTER_MS).map(([id]) => id)
    if (idle.length === 0) return
    for (const id of idle) this.#desks.delete(id)
    await releaseWebhooks(this.#parts.pool, this.#holder, idle)
  }
}
