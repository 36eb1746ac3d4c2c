import { expect, it } from 'vitest'
import { spread } from './figures.ts'
import type { ConnectionRecord } from './records.ts'
import { recoveries } from './recovery.ts'

const login = (number: string, loginAt: number, closedAt: number | null) =>
  ({ number, loginAt, closedAt }) as ConnectionRecord

it('measures from the fault to the login that lasted, and the gap from the end of the one before', () => {
  const connections = [login('a', 0, 1100), login('b', 0, null), login('a', 1500, 1600), login('a', 2500, null)]
  expect(recoveries({ at: 1000, until: 9000 }, ['a', 'b'], connections, [])).toEqual([
    { account: 'a', connectedMs: 1500, gapMs: 1400 },
    { account: 'b' },
  ])
})

it('knows no gap when the one before was open until it was replaced', () => {
  const connections = [login('a', 0, 6001), login('a', 6000, null)]
  expect(recoveries({ at: 1000, until: 9000 }, ['a'], connections, [])).toEqual([{ account: 'a', connectedMs: 5000 }])
})

it('takes no login for this fault that came before it or after all were back', () => {
  const connections = [login('a', 900, 9500), login('a', 9600, null)]
  expect(recoveries({ at: 1000, until: 9000 }, ['a'], connections, [])).toEqual([{ account: 'a' }])
})

it('takes the first message each way that was begun after the fault', () => {
  const arrivals = [
    { account: 'a', way: 'in', begunAt: 999, arrivedAt: 1001 },
    { account: 'a', way: 'in', begunAt: 1100, arrivedAt: 1900 },
    { account: 'a', way: 'in', begunAt: 1200, arrivedAt: 1800 },
    { account: 'b', way: 'out', begunAt: 1000, arrivedAt: 1300 },
  ] as const
  expect(recoveries({ at: 1000, until: 9000 }, ['a', 'b'], [], [...arrivals])).toEqual([
    { account: 'a', firstInMs: 800 },
    { account: 'b', firstOutMs: 300 },
  ])
})

it('says figures that were measured', () => {
  expect(spread([])).toBeUndefined()
  expect(spread([5])).toEqual({ n: 1, p50: 5, p99: 5, max: 5 })
  expect(spread(Array.from({ length: 100 }, (_, i) => i + 1))).toEqual({ n: 100, p50: 50, p99: 99, max: 100 })
})

it('says when the operator reacted and when the last place was given, of accounts that lost their connection', () => {
  const connections = [login('a', 0, 1100), login('a', 1900, null), login('b', 0, null)]
  const sightings = [
    { account: 'a', at: 900, what: 'noticed' },
    { account: 'b', at: 1200, what: 'noticed' },
    { account: 'a', at: 1300, what: 'noticed' },
    { account: 'a', at: 1400, what: 'placed' },
    { account: 'a', at: 1500, what: 'placed' },
    { account: 'a', at: 9500, what: 'placed' },
  ] as const
  expect(recoveries({ at: 1000, until: 9000 }, ['a', 'b'], connections, [], [...sightings])).toEqual([
    { account: 'a', noticedMs: 300, placedMs: 500, connectedMs: 900, gapMs: 800 },
    { account: 'b' },
  ])
})
