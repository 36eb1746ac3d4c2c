import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LoginGate } from './login-gate.ts'
import { messageFor, waitForTurn } from './turn.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const BASIC = { name: 'basic', rank: 0 }
const never = new AbortController().signal

/** A gate that lets a session through every 400 ms. */
const slowGate = () => {
  const begin = performance.now()
  let given = 0
  const lease = async () => {
    const isDue = performance.now() - begin >= given * 400
    if (isDue) given++
    return { granted: [isDue ? 1 : 0], waitMs: 100 }
  }
  return new LoginGate({ places: 100, lease })
}

test('a short wait is not told; a long one is, with its place and when it comes, and then that it is over', async () => {
  const gate = slowGate()
  const told: string[][] = Array.from({ length: 10 }, () => [])
  const waits = told.map((words) =>
    waitForTurn(gate, BASIC, never, ({ reason, message }) => words.push(reason!, message!)),
  )
  await vi.advanceTimersByTimeAsync(15_000)
  await Promise.all(waits)
  expect(told[1]).toEqual([])
  expect(told[9]).toMatchObject([
    'WaitingForTurn',
    expect.stringMatching(/On this worker [345] sessions go before it, about [1-3] s/),
    'Connecting',
    expect.any(String),
  ])
})

test('what began long ago says nothing of how long it takes now', async () => {
  const gate = slowGate()
  for (let i = 0; i < 5; i++) void gate.queue(BASIC, never).turn.then((leave) => leave())
  await vi.advanceTimersByTimeAsync(3_600_000)
  const tickets = Array.from({ length: 100 }, () => gate.queue(BASIC, never))
  expect(tickets[50]!.place()).toEqual({ before: 50 })
})

test('one that is stopped while it waits says no more', async () => {
  const gate = new LoginGate({ lease: async () => ({ granted: [0], waitMs: 1000 }) })
  const stop = new AbortController()
  const tell = vi.fn()
  const waiting = waitForTurn(gate, BASIC, stop.signal, tell)
  stop.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(tell).not.toHaveBeenCalled()
})

test('the message counts well, and fits into a resource', () => {
  expect(messageFor({ before: 1 })).toContain('1 session goes before it.')
  expect(messageFor({ before: 1e9, seconds: 1e9 }).length).toBeLessThan(1024)
})
