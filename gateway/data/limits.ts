/** What a tier allows, from the mirror that the operator keeps. */
import { DEFAULT_MEDIA_BYTES, TierSpec } from '@berth/core/model/tier.ts'
import { db } from '@berth/core/postgres/tables.ts'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Database } from './database.ts'

export type Limits = TierSpec['limits']

const Stored = z.object({ limits: TierSpec.shape.limits })

/** For a tenant whose tier is not there: little, but enough to find out. */
const WITHOUT_TIER: Limits = {
  sessionsPerTenant: 1,
  requestsPerMinute: 60,
  messagesPerHour: 60,
  webhookEndpoints: 0,
  retentionDays: 7,
  mediaBytes: DEFAULT_MEDIA_BYTES,
}

const CACHE_MS = 30_000

export class TierLimits {
  readonly #database: Database
  readonly #cache = new LRUCache<string, Limits>({ max: 1000, ttl: CACHE_MS })

  constructor(database: Database) {
    this.#database = database
  }

  async of(tier: string): Promise<Limits> {
    const cached = this.#cache.get(tier)
    if (cached) return cached
    const [row] = await this.#database.shared(db.selectFrom('tier').select('spec').where('name', '=', tier))
    const limits = Stored.safeParse(row?.spec).data?.limits ?? WITHOUT_TIER
    this.#cache.set(tier, limits)
    return limits
  }
}
