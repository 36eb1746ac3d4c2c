import { expect, test } from 'vitest'
import { compareReleases } from './release.ts'

test.each([
  ['0.1.0', '0.1.0', 0],
  ['0.1.0', '0.2.0', -1],
  ['0.10.0', '0.9.9', 1],
  ['1.0', '1.0.0', 0],
  ['1.0.1', '1.0', 1],
  ['0.2.0-rc.1', '0.2.0', 0],
])('%s against %s', (a, b, order) => {
  expect(Math.sign(compareReleases(a, b))).toBe(order)
})
