import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SIGN_MS } from './farewell.ts'
import { handOver } from './hand-over.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** Sessions that others ask for at these times (in milliseconds), and when each left. */
function sessions(asksAt: Record<string, number>) {
  const begin = performance.now()
  const now = () => performance.now() - begin
  const held = new Set(Object.keys(asksAt))
  const left: Record<string, number> = {}
  const database = { isAway: false }
  const done = handOver({
    staying: () => [...held],
    wanted: async () => {
      if (database.isAway) throw new Error('away')
      return Object.keys(asksAt).filter((id) => asksAt[id]! <= now())
    },
    isPlacedElsewhere: () => false,
    leave: async (id) => {
      held.delete(id)
      left[id] = now()
    },
  })
  return { done, left, held, database }
}

test('each leaves when it is asked for, and not all at once; then it is over', async () => {
  const { done, left, held } = sessions({ a: 200, b: 200, c: 900, d: 3_000 })
  await vi.advanceTimersByTimeAsync(4_000)
  await done
  expect(held.size).toBe(0)
  expect(left.b! - left.a!).toBeGreaterThanOrEqual(100)
  expect([left.a, left.c, left.d].map((at) => Math.round(at! / 100))).toEqual([2, 9, 30])
})

test('nobody asks: over after a moment, with all still held', async () => {
  const { done, held } = sessions({ a: Infinity, b: Infinity })
  await vi.advanceTimersByTimeAsync(SIGN_MS + 100)
  await done
  expect(held.size).toBe(2)
})

test('while Postgres is away nobody can ask', async () => {
  const { done, held, database } = sessions({ a: 100 })
  database.isAway = true
  await vi.advanceTimersByTimeAsync(SIGN_MS + 100)
  await done
  expect(held.size).toBe(1)
})
