import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bucket, RateLimiter, take } from './rate.ts'

const MINUTE = 60_000

describe('take', () => {
  test('allows the limit at once, then one for each share of the time', () => {
    const rate = { limit: 60, perSeconds: 60 }
    let bucket: Bucket | undefined
    for (let i = 59; i >= 0; i--) {
      const taken = take(bucket, rate, 0)
      expect(taken.verdict).toMatchObject({ allowed: true, remaining: i })
      bucket = taken.bucket
    }
    expect(take(bucket, rate, 0).verdict).toEqual({ allowed: false, limit: 60, remaining: 0, resetSeconds: 1 })
    expect(take(bucket, rate, 999).verdict.allowed).toBe(false)
    expect(take(bucket, rate, 1000).verdict.allowed).toBe(true)
  })

  test('in no minute are more than twice the limit allowed, and waiting resetSeconds is enough', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), gaps, (limit, pauses) => {
        const rate = { limit, perSeconds: 60 }
        let bucket: Bucket | undefined
        let now = 0
        const allowed: number[] = []
        for (const pause of pauses) {
          now += pause
          const taken = take(bucket, rate, now)
          bucket = taken.bucket
          if (taken.verdict.allowed) allowed.push(now)
          else expect(take(bucket, rate, now + taken.verdict.resetSeconds * 1000).verdict.allowed).toBe(true)
        }
        for (const end of allowed) {
          expect(allowed.filter((at) => at > end - MINUTE && at <= end).length).toBeLessThanOrEqual(2 * limit)
        }
      }),
    )
  })
})

test('tenants have buckets of their own; a refund gives a token back', () => {
  const limiter = new RateLimiter(60, () => 0)
  expect(limiter.take('a', 1).allowed).toBe(true)
  expect(limiter.take('a', 1).allowed).toBe(false)
  expect(limiter.take('b', 1).allowed).toBe(true)
  limiter.refund('a')
  expect(limiter.take('a', 1).allowed).toBe(true)
})
