import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'
import { TokenBucket } from './token-bucket.ts'

/** Requests come in bunches, with pauses in which the bucket fills. */
const gap = fc.oneof({ arbitrary: fc.constant(0), weight: 20 }, { arbitrary: fc.nat(2_000), weight: 1 })

test('reservations never exceed the burst plus the rate, in any window, and keep their order', () => {
  fc.assert(
    fc.property(fc.array(gap, { minLength: 30, maxLength: 200 }), (gaps) => {
      let now = 0
      const bucket = new TokenBucket(50, 10, () => now)
      const usedAt = gaps.map((gap) => {
        now += gap
        return now + bucket.reserve()
      })
      for (let i = 1; i < usedAt.length; i++) expect(usedAt[i]).toBeGreaterThanOrEqual(usedAt[i - 1]! - 1e-6)
      for (let i = 10; i < usedAt.length; i++) expect(usedAt[i]! - usedAt[i - 10]!).toBeGreaterThanOrEqual(20 - 1e-6)
    }),
  )
})

test('tryTake refuses when empty, and again gives after a while', () => {
  let now = 0
  const bucket = new TokenBucket(1, 2, () => now)
  expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).toEqual([true, true, false])
  now = 1_000
  expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false])
})

test('waits double up to the maximum, less a random half', () => {
  const backoff = { baseMs: 100, maxMs: 1_000 }
  expect([1, 2, 3, 4, 5, 500].map((n) => backoffMs(n, backoff, () => 0))).toEqual([100, 200, 400, 800, 1000, 1000])
  expect(backoffMs(3, backoff, () => 1)).toBe(200)
})
