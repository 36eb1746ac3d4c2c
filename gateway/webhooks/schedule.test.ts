import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterFailure, GIVE_UP_MS, HOLD_MS, retryAfterOf } from './schedule.ts'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

/** All tries of a delivery that always fails at once; answers when each one was, in milliseconds. */
function life(randoms: number[], retryAfterMs: number) {
  const tries: { at: number; late: boolean }[] = []
  let [at, late] = [0, false]
  for (;;) {
    tries.push({ at, late })
    const chance = randoms[tries.length % randoms.length]!
    const verdict = afterFailure({ tries: tries.length, sinceMs: at, retryAfterMs, late }, chance)
    if (verdict.status === 'dead') return tries
    expect(verdict.waitMs).toBeGreaterThan(0)
    at += verdict.waitMs
    late = verdict.late
  }
}

test('what always fails is tried again and again for 72 hours, and then given up', () => {
  fc.assert(
    fc.property(fc.array(random, { minLength: 1 }), fc.integer({ min: 0, max: 1e9 }), (randoms, retryAfterMs) => {
      const tries = life(randoms, retryAfterMs)
      expect(tries.at(-1)!.at).toBe(GIVE_UP_MS)
      expect(tries.length).toBeLessThan(30)
      for (const [i, { at, late }] of tries.entries()) {
        const pause = at - (tries[i - 1]?.at ?? at)
        expect(pause).toBeLessThanOrEqual(6 * 3_600_000)
        // Its lane waits for no try that is later than that, and once it goes on it waits for none.
        expect(late).toBe(at > HOLD_MS)
      }
    }),
  )
})

test('a receiver is asked again no earlier than it wants', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 3_600_000 }),
      random,
      (tries, asked, chance) => {
        const verdict = afterFailure({ tries, sinceMs: 0, retryAfterMs: asked, late: false }, chance)
        expect(verdict).toMatchObject({ status: 'pending' })
        if (verdict.status === 'pending') expect(verdict.waitMs).toBeGreaterThanOrEqual(asked)
      },
    ),
  )
})

test.each([
  [undefined, undefined],
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 59_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', undefined],
  ['-5', undefined],
])('Retry-After: %s', (header, ms) => expect(retryAfterOf(header, 1000)).toBe(ms))
