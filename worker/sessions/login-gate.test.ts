import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LoginGate } from './login-gate.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('no more than the limit are inside; the others enter in their order, and a place is given back once', async () => {
  const gate = new LoginGate(2)
  const inside: number[] = []
  const leaves = new Map<number, () => void>()
  for (let i = 0; i < 4; i++) {
    void gate.enter().then((leave) => {
      inside.push(i)
      leaves.set(i, leave)
    })
  }
  await vi.advanceTimersByTimeAsync(0)
  expect(inside).toEqual([0, 1])
  leaves.get(0)!()
  leaves.get(0)!()
  await vi.advanceTimersByTimeAsync(0)
  expect(inside).toEqual([0, 1, 2])
})

test('a login that takes too long gives its place back', async () => {
  const gate = new LoginGate(1)
  await gate.enter()
  let entered = false
  void gate.enter().then(() => {
    entered = true
  })
  await vi.advanceTimersByTimeAsync(14_000)
  expect(entered).toBe(false)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(entered).toBe(true)
})
