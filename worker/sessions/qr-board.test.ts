import { expect, test } from 'vitest'
import { QrBoard } from './qr-board.ts'

test('is looked at while somebody waits, and for a while after somebody asked', async () => {
  let now = 0
  const board = new QrBoard(() => now)
  expect(board.isLookedAt).toBe(false)
  board.look()
  now = 60_000
  expect(board.isLookedAt, 'a code lives for a minute').toBe(true)
  now = 10 * 60_000
  expect(board.isLookedAt).toBe(false)
  const gone = new AbortController()
  const changed = board.changed(gone.signal)
  expect(board.isLookedAt).toBe(true)
  gone.abort()
  await changed
  expect(board.isLookedAt).toBe(false)
})

test('who waits hears of the next code; an old one is not given again', async () => {
  const board = new QrBoard()
  const changed = board.changed(new AbortController().signal)
  const now = new Date()
  board.offer({ text: 'first', expiresAt: new Date(now.getTime() + 1000) })
  await changed
  expect(board.newerThan(0, now)).toMatchObject({ number: 1, text: 'first' })
  expect(board.newerThan(1, now)).toBeUndefined()
  expect(board.newerThan(0, new Date(now.getTime() + 1000)), 'too late to scan it').toBeUndefined()
  board.clear()
  expect(board.newerThan(0, now)).toBeUndefined()
})
