import { expect, test } from 'vitest'
import { UUID_PATTERN, uuidV7 } from './uuid.ts'

test('ids are UUIDs of version 7 that sort by time', () => {
  const ids = [0, 1, 255, 256, 1_770_000_000_000, 1_770_000_000_001].map(uuidV7)
  for (const id of ids) {
    expect(id).toMatch(UUID_PATTERN)
    expect(id).toMatch(/^.{14}7.{4}[89ab]/)
  }
  expect([...ids].sort()).toEqual(ids)
  expect(uuidV7(5)).not.toBe(uuidV7(5))
})
