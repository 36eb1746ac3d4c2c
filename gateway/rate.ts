/**
 * Rate limits: a token bucket per tenant, in the memory of this gateway. With several gateways a tenant gets the limit at
 * each of them, and a restart starts with full buckets: a limit protects the installation, it is not a bill.
 */
import { LRUCache } from 'lru-cache'

export interface Bucket {
  tokens: number
  /** When `tokens` was true, in milliseconds. */
  at: number
}

export interface Rate {
  limit: number
  perSeconds: number
}

export interface Verdict {
  allowed: boolean
  limit: number
  /** Whole requests left at once. */
  remaining: number
  /** Seconds until one more is allowed (when refused) or until the bucket is full (when allowed). */
  resetSeconds: number
}

/** Takes one token: the bucket afterwards, and whether there was one. */
export function take(bucket: Bucket | undefined, rate: Rate, now: number): { bucket: Bucket; verdict: Verdict } {
  const perMs = rate.limit / (rate.perSeconds * 1000)
  const grown = bucket ? bucket.tokens + Math.max(0, now - bucket.at) * perMs : rate.limit
  const full = Math.min(rate.limit, grown)
  const allowed = full >= 1
  const tokens = allowed ? full - 1 : full
  const missing = allowed ? rate.limit - tokens : 1 - tokens
  return {
    bucket: { tokens, at: now },
    verdict: {
      allowed,
      limit: rate.limit,
      remaining: Math.floor(tokens),
      resetSeconds: Math.ceil(missing / perMs / 1000),
    },
  }
}

const MAX_BUCKETS = 50_000

/** The buckets of all tenants for one kind of thing. */
export class RateLimiter {
  readonly #perSeconds: number
  readonly #now: () => number
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS })

  constructor(perSeconds: number, now: () => number = () => performance.now()) {
    this.#perSeconds = perSeconds
    this.#now = now
  }

  take(tenantId: string, limit: number): Verdict {
    const { bucket, verdict } = take(this.#buckets.get(tenantId), { limit, perSeconds: this.#perSeconds }, this.#now())
    this.#buckets.set(tenantId, bucket)
    return verdict
  }

  /** Gives a token back that was not needed after all. */
  refund(tenantId: string): void {
    const bucket = this.#buckets.get(tenantId)
    if (bucket) this.#buckets.set(tenantId, { ...bucket, tokens: bucket.tokens + 1 })
  }
}
