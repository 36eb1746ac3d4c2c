import { type Bucket, leaseLogins } from '@berth/core/ownership/login-pace.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LoginClass, LoginGate, SOMEBODY_WAITS } from './login-gate.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const MAX: LoginClass = { name: 'max', rank: -9900 }
const BASIC: LoginClass = { name: 'basic', rank: 0 }
const never = new AbortController().signal

/** Postgres, as the pure rule has it. */
function database({ rate, burst }: { rate: number; burst: number }) {
  let bucket: Bucket = { tokens: burst, at: performance.now(), demands: [] }
  const shared = { asked: 0, isAway: false }
  const leaseFor =
    (boot: string): ConstructorParameters<typeof LoginGate>[0]['lease'] =>
    async (most, wanted) => {
      shared.asked++
      if (shared.isAway) throw new Error('away')
      const leased = leaseLogins({ rate, burst }, bucket, { boot, most, wanted }, () => true, performance.now())
      bucket = leased.bucket
      return leased.grant
    }
  return Object.assign(shared, { leaseFor })
}

/** Logins of the class, each of which takes 300 ms; answers when they began. */
function logIn(gate: LoginGate, who: LoginClass, count: number, signal = never): number[] {
  const begun: number[] = []
  for (let i = 0; i < count; i++) {
    void gate.queue(who, signal).turn.then(
      (leave) => {
        begun.push(performance.now())
        setTimeout(leave, 300)
      },
      () => {},
    )
  }
  return begun
}

const plenty = { rate: 1000, burst: 1000 }

test('no more than the places are inside; the others enter in their order, and a place is given back once', async () => {
  const gate = new LoginGate({ places: 2, lease: database(plenty).leaseFor('a') })
  const inside: number[] = []
  const leaves = new Map<number, () => void>()
  for (let i = 0; i < 4; i++) {
    void gate.queue(BASIC, never).turn.then((leave) => {
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
  const gate = new LoginGate({ places: 1, lease: database(plenty).leaseFor('a') })
  await gate.queue(BASIC, never).turn
  const begun = logIn(gate, BASIC, 1)
  await vi.advanceTimersByTimeAsync(14_000)
  expect(begun).toEqual([])
  await vi.advanceTimersByTimeAsync(2_000)
  expect(begun).toHaveLength(1)
})

test('fifty sessions of a worker that takes over are not slowed by the usual pace', async () => {
  const gate = new LoginGate({ lease: database({ rate: 20, burst: 100 }).leaseFor('a') })
  const begun = logIn(gate, BASIC, 50)
  await vi.advanceTimersByTimeAsync(10 * 300)
  expect(begun).toHaveLength(50)
})

test('a thousand sessions of two workers come in at the pace, the dear ones first, and nobody is forgotten', async () => {
  const { leaseFor } = database({ rate: 20, burst: 100 })
  const [a, b] = [new LoginGate({ lease: leaseFor('a') }), new LoginGate({ lease: leaseFor('b') })]
  const start = performance.now()
  const basic = logIn(a, BASIC, 500)
  const max = logIn(b, MAX, 250)
  const mixed = logIn(b, BASIC, 250)
  await vi.advanceTimersByTimeAsync(60_000)
  const all = [...basic, ...max, ...mixed]
  for (const time of [1_000, 10_000, 30_000, 60_000]) {
    const count = all.filter((at) => at - start <= time).length
    expect(count).toBeLessThanOrEqual(100 + (20 * time) / 1000)
    expect(count).toBeGreaterThanOrEqual(Math.min(1000, (17 * time) / 1000))
  }
  // The dear ones are as fast as their worker's five places, with cheap ones waiting on both workers.
  expect(max).toHaveLength(250)
  expect(Math.max(...max) - start).toBeLessThan(20_000)
  expect(mixed.every((at) => at >= Math.max(...max) - 300)).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect([basic.length, max.length, mixed.length]).toEqual([500, 250, 250])
  expect(a.queues()).toEqual([])
})

test('who waits before a screen is not behind a thousand reconnects, here or elsewhere', async () => {
  const { leaseFor } = database({ rate: 20, burst: 100 })
  const [a, b] = [new LoginGate({ lease: leaseFor('a') }), new LoginGate({ lease: leaseFor('b') })]
  logIn(a, MAX, 1000)
  logIn(b, MAX, 1000)
  await vi.advanceTimersByTimeAsync(20_000)
  const asked = performance.now()
  const person = logIn(b, SOMEBODY_WAITS, 1)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(person[0]! - asked).toBeLessThan(1_500)
})

test('one that gives up leaves the queue, and costs no token', async () => {
  const bank = database({ rate: 0.001, burst: 1 })
  const gate = new LoginGate({ lease: bank.leaseFor('a') })
  const giveUp = new AbortController()
  const first = gate.queue(BASIC, giveUp.signal).turn
  giveUp.abort(new Error('stopped'))
  await expect(first).rejects.toThrow('stopped')
  const begun = logIn(gate, BASIC, 1)
  await vi.advanceTimersByTimeAsync(100)
  expect(begun).toHaveLength(1)
})

test('while Postgres is away nobody enters, and it is asked each second; then they do', async () => {
  const bank = database(plenty)
  bank.isAway = true
  const gate = new LoginGate({ lease: bank.leaseFor('a') })
  const begun = logIn(gate, BASIC, 3)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(begun).toEqual([])
  expect(bank.asked).toBeLessThan(15)
  expect(gate.queues()).toEqual([{ name: 'basic', waiting: 3, oldestMs: expect.closeTo(10_000, -2) }])
  bank.isAway = false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(begun).toHaveLength(3)
})
