import fc from 'fast-check'
import { expect, it } from 'vitest'
import { dispositionOf, rangeOf, safeFileName } from './headers.ts'

it.each([
  [undefined, undefined],
  ['bytes=0-', { first: 0, last: 99 }],
  ['bytes=10-19', { first: 10, last: 19 }],
  ['bytes=90-1000', { first: 90, last: 99 }],
  ['bytes=-5', { first: 95, last: 99 }],
  ['bytes=-500', { first: 0, last: 99 }],
  ['bytes=100-', 'beyond'],
  ['bytes=-0', 'beyond'],
  ['bytes=20-10', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,5-6', undefined],
  ['lines=0-1', undefined],
])('%s of 100 bytes', (header, range) => {
  expect(rangeOf(header, 100)).toEqual(range)
})

it('nothing of an empty file', () => {
  expect(rangeOf('bytes=0-', 0)).toBe('beyond')
})

it.each([
  ['image/png', 'a.png', `inline; filename="a.png"; filename*=UTF-8''a.png`],
  ['text/html', 'a.html', `attachment; filename="a.html"; filename*=UTF-8''a.html`],
  ['image/svg+xml', null, 'attachment'],
  ['application/pdf', '../../é "x".pdf', `attachment; filename="_..__ _x_.pdf"; filename*=UTF-8''_.._%C3%A9%20_x_.pdf`],
])('%s called %s', (type, name, header) => {
  expect(dispositionOf(type, name)).toBe(header)
})

it('names stay names, and headers stay one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const safe = safeFileName(name)
      expect(safe).not.toMatch(/[/\\\r\n\0]|^\.|^$/)
      expect(dispositionOf('text/plain', name)).toMatch(/^[\x20-\x7e]+$/)
    }),
  )
})
