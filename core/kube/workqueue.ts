/**
 * A queue of keys to be looked after. A key waits in it once, however often it is added; it is never handled twice at
 * the same time; added while it is being handled, it is handled once more afterwards. A handler that throws gets the
 * key again after a growing wait.
 */
import { type Backoff, backoffMs } from './backoff.ts'
import { type Log, silent } from './log.ts'

const DEFAULT_BACKOFF: Backoff = { baseMs: 200, maxMs: 60_000 }
/** The longest that a timer of Node can be set to, 24 days: handling a key early does no harm. */
const MAX_TIMER_MS = 2 ** 31 - 1

export interface WorkQueueOptions {
  /** Brings one key's matter in order, whatever happened; throws to be called again later. */
  handle: (key: string) => Promise<void>
  /** Keys handled at the same time; 1 by default. */
  concurrency?: number
  /** Between attempts at a key that fails. */
  backoff?: Backoff
  /** For log lines. */
  name?: string
  log?: Log
}

interface Delayed {
  timer: NodeJS.Timeout
  dueAt: number
}

export class WorkQueue {
  readonly #handle: (key: string) => Promise<void>
  readonly #concurrency: number
  readonly #backoff: Backoff
  readonly #name: string
  readonly #log: Log
  /** In the order of arrival. */
  readonly #waiting = new Set<string>()
  readonly #running = new Set<string>()
  /** Added while running. */
  readonly #again = new Set<string>()
  readonly #delayed = new Map<string, Delayed>()
  readonly #failures = new Map<string, number>()
  #idleListeners: (() => void)[] = []
  #stopped = false

  constructor(options: WorkQueueOptions) {
    this.#handle = options.handle
    this.#concurrency = options.concurrency ?? 1
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF
    this.#name = options.name ?? 'work'
    this.#log = options.log ?? silent
  }

  /** Has the key handled as soon as possible, even if it is waiting after a failure. */
  add(key: string): void {
    if (this.#stopped) return
    if (this.#running.has(key)) this.#again.add(key)
    else this.#waiting.add(key)
    this.#next()
  }

  /** Has the key handled after `ms`, or earlier where an earlier time is set already. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped) return
    const dueAt = performance.now() + ms
    const before = this.#delayed.get(key)
    if (before && before.dueAt <= dueAt) return
    clearTimeout(before?.timer)
    const timer = setTimeout(() => this.#due(key), Math.min(ms, MAX_TIMER_MS))
    this.#delayed.set(key, { timer, dueAt })
  }

  /** Keys that wait to be handled now; those with a time set are not counted. */
  get depth(): number {
    return this.#waiting.size + this.#again.size
  }

  /** Failures in a row of a key. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** Resolves as soon as no key is waiting or being handled; those with a time set don't count. */
  idle(): Promise<void> {
    if (this.#waiting.size === 0 && this.#running.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idleListeners.push(resolve))
  }

  /** Takes no more keys, forgets those that wait, and resolves when those being handled are done. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const { timer } of this.#delayed.values()) clearTimeout(timer)
    this.#delayed.clear()
    this.#waiting.clear()
    this.#again.clear()
    await this.idle()
  }

  #due(key: string): void {
    this.#delayed.delete(key)
    this.add(key)
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#concurrency) return
      this.#waiting.delete(key)
      this.#running.add(key)
      void this.#run(key)
    }
  }

  async #run(key: string): Promise<void> {
    try {
      // Handlers start from the event loop, not inside the caller's add().
      await null
      await this.#handle(key)
      this.#failures.delete(key)
    } catch (error) {
      this.#retry(key, error)
    }
    this.#running.delete(key)
    if (this.#again.delete(key) && !this.#stopped) this.#waiting.add(key)
    this.#next()
    if (this.#waiting.size === 0 && this.#running.size === 0) this.#tellIdle()
  }

  #retry(key: string, error: unknown): void {
    const failures = this.failures(key) + 1
    this.#failures.set(key, failures)
    const wait = backoffMs(failures, this.#backoff)
    this.#log.warn({ queue: this.#name, key, failures, retryInMs: Math.round(wait), err: error }, 'handling failed')
    this.addAfter(key, wait)
  }

  #tellIdle(): void {
    const listeners = this.#idleListeners
    this.#idleListeners = []
    for (const listener of listeners) listener()
  }
}
