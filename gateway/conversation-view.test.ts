import { expect, test } from 'vitest'
import { windowOf } from './conversation-view.ts'

const at = Date.parse('2026-01-05T10:16:00Z')

test.each([
  ['just before its end', at + 24 * 3_600_000 - 1, true],
  ['at its end', at + 24 * 3_600_000, false],
])('the window is open for 24 hours after the last message that came in: %s', (_, now, open) => {
  expect(windowOf(new Date(at), now)).toEqual({ open, closesAt: '2026-01-06T10:16:00.000Z' })
})

test('the window of whom has never written is closed', () => {
  expect(windowOf(null, at)).toEqual({ open: false })
})
