import { expect, test } from 'vitest'
import { decodeCursor, encodeCursor, page } from './cursor.ts'

test('a cursor leads back to its position', () => {
  expect(decodeCursor(encodeCursor('42'), /^\d+$/)).toBe('42')
})

test.each(['', '42', 'NDI=', `${encodeCursor('42')}!`, encodeCursor('drop')])('%j is not a cursor', (cursor) => {
  expect(() => decodeCursor(cursor, /^\d+$/)).toThrow(expect.objectContaining({ code: 'validation_failed' }))
})

test('a page has a next one when there is one row more', () => {
  const show = (rows: number[]) => page(rows, 2, (row) => row * 10, String)
  expect(show([1, 2])).toEqual({ data: [10, 20], nextCursor: null })
  expect(show([1, 2, 3])).toEqual({ data: [10, 20], nextCursor: encodeCursor('2') })
  expect(show([])).toEqual({ data: [], nextCursor: null })
})
