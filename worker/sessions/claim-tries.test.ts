import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ClaimTries } from './claim-tries.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** How often a session that is always held is tried in so many milliseconds. */
function triesIn(tries: ClaimTries, ms: number): number {
  let count = 0
  for (let at = 0; at < ms; at += 10) {
    vi.advanceTimersByTime(10)
    if (!tries.isDue('a')) continue
    count++
    tries.failed('a')
  }
  return count
}

test('often at first, then each second', () => {
  const tries = new ClaimTries()
  expect(tries.isDue('a')).toBe(true)
  tries.failed('a')
  expect(tries.untilNextMs).toBe(100)
  expect(triesIn(tries, 1_000)).toBe(10)
  expect(triesIn(tries, 9_000)).toBe(36)
  expect(triesIn(tries, 10_000)).toBeLessThanOrEqual(11)
})

test('what was lost is left alone for a while, and then tried each second', () => {
  const tries = new ClaimTries()
  tries.lost('a')
  expect(triesIn(tries, 900)).toBe(0)
  expect(triesIn(tries, 5_000)).toBe(5)
})

test('what is claimed, or not wanted any more, is forgotten', () => {
  const tries = new ClaimTries()
  for (const id of ['a', 'b']) tries.failed(id)
  tries.succeeded('a')
  tries.keepOnly(new Set(['c']))
  expect(tries.untilNextMs).toBeUndefined()
})
