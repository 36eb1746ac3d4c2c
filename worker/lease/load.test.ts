import { expect, test } from 'vitest'
import { messages } from '../metrics.ts'
import { LoadMeter, memoryLimit } from './load.ts'

test('counts the messages since it last measured, in and out', async () => {
  const meter = new LoadMeter()
  await meter.measure()
  messages.inc({ direction: 'in' }, 30)
  messages.inc({ direction: 'out' }, 20)
  const busy = await meter.measure()
  const idle = await meter.measure()
  meter.stop()
  expect(busy.messagesPerSecond).toBeGreaterThan(0)
  expect(idle.messagesPerSecond).toBe(0)
})

test('a loop that stood still shows, and memory is a share of what there is', async () => {
  const meter = new LoadMeter()
  await new Promise((resolve) => setTimeout(resolve, 30))
  const until = performance.now() + 300
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30))
  const { loopLagMs, memoryPercent } = await meter.measure()
  meter.stop()
  expect(loopLagMs).toBeGreaterThan(200)
  expect(memoryPercent).toBeGreaterThan(0)
  expect(memoryPercent).toBeLessThan(100)
})

test('without a limit of its own it may use the whole machine', () => {
  expect(memoryLimit(512, 4096)).toBe(512)
  expect(memoryLimit(0, 4096)).toBe(4096)
  expect(memoryLimit(2 ** 64, 4096)).toBe(4096)
})
