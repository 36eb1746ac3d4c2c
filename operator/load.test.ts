import { expect, test } from 'vitest'
import { Loads, smoothed } from './load.ts'
import type { LeaseRow } from './poll.ts'

const load = (messagesPerSecond: number) => ({ messagesPerSecond, loopLagMs: 10, memoryPercent: 50 })
const lease = (bootId: string, more: Partial<LeaseRow> = {}): LeaseRow => ({
  bootId,
  bootNumber: 1,
  podUid: 'pod',
  worker: 'pro-a',
  address: '',
  renewals: 1,
  open: true,
  load: load(100),
  ...more,
})

test('a peak of seconds counts little, and what lasts counts in full', () => {
  const peak = smoothed(load(0), load(1000), 3_000)
  expect(peak.messagesPerSecond).toBeLessThan(100)
  expect(smoothed(peak, load(0), 60_000).messagesPerSecond).toBeLessThan(15)
  expect(smoothed(load(0), load(1000), 300_000).messagesPerSecond).toBeCloseTo(1000, 0)
})

test('however often it is looked at, the mean is the same', () => {
  const often = Array.from({ length: 60 }).reduce<ReturnType<typeof load>>(
    (mean) => smoothed(mean, load(100), 500),
    load(0),
  )
  expect(often.messagesPerSecond).toBeCloseTo(smoothed(load(0), load(100), 30_000).messagesPerSecond, 6)
})

test('is known of boots that live and say it', () => {
  const loads = new Loads()
  for (const now of [0, 600_000]) {
    loads.observe([lease('a'), lease('over', { open: false }), lease('older', { load: null })], now)
  }
  expect(loads.of('a')?.messagesPerSecond).toBeCloseTo(100, 0)
  expect(loads.of('over')).toBeUndefined()
  expect(loads.of('older')).toBeUndefined()
  loads.observe([], 601_000)
  expect(loads.of('a')).toBeUndefined()
})
