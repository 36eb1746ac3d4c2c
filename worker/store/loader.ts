/** Reads of keys: those that all sessions ask for in one turn of the event loop are one query. */
import { backoffMs } from '@berth/core/kube/backoff.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import { loadKeys } from '@berth/core/postgres/auth-state.ts'
import { owned } from '@berth/core/postgres/ownership.ts'
import { isPermanent, type Pool } from '@berth/core/postgres/pool.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { type Ownership, OwnershipLost } from './ownership.ts'

const BACKOFF = { baseMs: 50, maxMs: 1000 }

interface Want {
  owner: Ownership
  type: string
  id: string
  resolve: (box: Buffer | undefined) => void
  reject: (error: Error) => void
}

export class Loader {
  readonly #pool: Pool
  readonly #bootId: string
  readonly #log: Logger
  #wanted: Want[] = []

  constructor(pool: Pool, bootId: string, log: Logger) {
    this.#pool = pool
    this.#bootId = bootId
    this.#log = log
  }

  /** The sealed value, or undefined when there is none. Waits while Postgres is away; rejects once ownership is lost. */
  load(owner: Ownership, type: string, id: string): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      this.#wanted.push({ owner, type, id, resolve, reject })
      if (this.#wanted.length === 1) setImmediate(() => void this.#run(this.#wanted.splice(0)))
    })
  }

  async #run(all: Want[]): Promise<void> {
    let wanted = all
    for (let failures = 1; ; failures++) {
      wanted = wanted.filter((want) => {
        if (want.owner.loss) want.reject(want.owner.loss)
        return !want.owner.loss
      })
      if (wanted.length === 0) return
      try {
        return await this.#answer(wanted)
      } catch (error) {
        if (isPermanent(error)) {
          for (const want of wanted) want.reject(error as Error)
          return
        }
        this.#log.warn({ err: error, failures, keys: wanted.length }, 'keys could not be read, trying again')
        await sleep(backoffMs(failures, BACKOFF))
      }
    }
  }

  async #answer(wanted: Want[]): Promise<void> {
    const boxes = await loadKeys(
      this.#pool,
      this.#bootId,
      wanted.map(({ owner, type, id }) => ({ sessionId: owner.sessionId, type, id })),
    )
    // A session that is not ours looks like one without keys: only the owner may take that for the truth.
    const without = new Set(wanted.filter((_, i) => !boxes[i]).map((want) => want.owner))
    const ours = without.size > 0 ? await owned(this.#pool, this.#bootId, [...without]) : undefined
    for (const owner of without) {
      if (!ours!.has(owner.sessionId)) owner.lose(new OwnershipLost(owner.sessionId))
    }
    for (const [i, want] of wanted.entries()) {
      if (want.owner.loss) want.reject(want.owner.loss)
      else want.resolve(boxes[i])
    }
  }
}
