import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { restartDelay, restarts } from './restart.ts'

describe('restartDelay', () => {
  it('is none at first, then 10 s, doubled up to 5 min', () => {
    const delays: number[] = []
    for (let last: number | undefined, i = 0; i < 8; i++) {
      last = restartDelay(last, 1000)
      delays.push(last / 1000)
    }
    expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
  })

  it('starts anew after ten minutes of running', () => {
    expect(restartDelay(300_000, 600_000)).toBe(0)
    expect(restartDelay(300_000, 599_999)).toBe(300_000)
  })

  it('never shrinks without a long run, and never exceeds 5 min', () => {
    const last = fc.constantFrom(0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000)
    fc.assert(
      fc.property(last, fc.integer({ min: 0, max: 599_999 }), (before, ran) => {
        const next = restartDelay(before, ran)
        expect(next).toBeGreaterThanOrEqual(before)
        expect(next).toBeLessThanOrEqual(300_000)
      }),
    )
  })
})

it('a policy decides by the exit code', () => {
  expect([undefined, 'Always', 'OnFailure', 'Never'].map((p) => restarts(p as 'Always', 0))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect([undefined, 'Always', 'OnFailure', 'Never'].map((p) => restarts(p as 'Always', 1))).toEqual([
    true,
    true,
    true,
    false,
  ])
})
