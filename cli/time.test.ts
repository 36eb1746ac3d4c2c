import { expect, test } from 'vitest'
import { age, duration } from './time.ts'

test.each([
  [-5000, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [3_600_000, '1h'],
  [90_000_000, '1d'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test('no time has no age', () => {
  expect(age(undefined, new Date())).toBe('')
  expect(age('2026-01-01T00:00:00Z', new Date('2026-01-01T00:05:10Z'))).toBe('5m')
})
