/**
 * Looks each second whether the database is in doubt, and has the committer vouch for this boot's commits as long as it is:
 * what the boot has given back it gives back again first, as the database may believe that the boot still holds it.
 * When that is over it asks which sessions are still ours: a repair leaves a holder only what nobody else can have had.
 */
import { type Held, owned, release } from '@berth/core/postgres/ownership.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { databaseDoubt } from '@berth/core/postgres/trust.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { Committer } from './committer.ts'
import { type Ownership, OwnershipLost } from './ownership.ts'

const PERIOD_MS = 1000

export interface VoucherOptions {
  pool: Pool
  bootId: string
  committer: Pick<Committer, 'vouch'>
  held(): Ownership[]
  released(): Held[]
  log: Logger
}

export class Voucher {
  readonly #options: VoucherOptions
  readonly #timer: NodeJS.Timeout
  #looking = false
  #wasInDoubt = false

  constructor(options: VoucherOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#look(), PERIOD_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    const { pool, bootId, committer, released, log } = this.#options
    try {
      const doubt = await databaseDoubt(pool)
      if (doubt) {
        if (!this.#wasInDoubt) log.info({ doubt }, 'the database is in doubt: nothing is claimed until it is confirmed')
        this.#wasInDoubt = true
        await release(pool, bootId, released())
        committer.vouch(doubt)
      } else if (this.#wasInDoubt) {
        await this.#checkClaims()
        this.#wasInDoubt = false
      }
    } catch (error) {
      log.debug({ err: error }, 'could not ask whether the database is in doubt')
    } finally {
      this.#looking = false
    }
  }

  async #checkClaims(): Promise<void> {
    const { pool, bootId, held, log } = this.#options
    const owners = held().filter((owner) => !owner.loss)
    const ours = await owned(pool, bootId, owners)
    const lost = owners.filter(({ sessionId }) => !ours.has(sessionId))
    log.info({ held: ours.size, lost: lost.length }, 'the database is trusted again')
    for (const owner of lost) owner.lose(new OwnershipLost(owner.sessionId))
  }
}
