/** Tidies up the store of media: bytes whose row is gone, and what killed processes left half-written. */
import type { MediaStore } from '@berth/core/media/store.ts'
import { mediaForgotten, mediaToForget } from '@berth/core/postgres/media.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'

const EVERY_MS = 60_000
/** No upload takes this long. */
const BROKEN_OFF_MS = 3_600_000
const BATCH = 100

export class MediaJanitor {
  readonly #pool: Pool
  readonly #store: MediaStore
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(pool: Pool, store: MediaStore, log: Logger) {
    this.#pool = pool
    this.#store = store
    this.#log = log
  }

  start(): this {
    this.#timer = setInterval(() => {
      this.#running = this.tidy(new Date()).catch((error) => this.#log.warn({ err: error }, 'media were not tidied up'))
    }, EVERY_MS)
    this.#timer.unref()
    return this
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  /** Can be done by several gateways at once. */
  async tidy(now: Date): Promise<void> {
    const old = new Date(now.getTime() - BROKEN_OFF_MS)
    for (;;) {
      const ids = await mediaToForget(this.#pool, old, BATCH)
      for (const id of ids) await this.#store.delete(id)
      if (ids.length > 0) await mediaForgotten(this.#pool, ids)
      if (ids.length < BATCH) break
    }
    await this.#store.sweep(old)
  }
}
