import fc from 'fast-check'
import { expect, test } from 'vitest'
import { phoneNumberIn, vcardOf } from './vcard.ts'

test('a card has its number, and no line that the name brings', () => {
  const number = fc.integer({ min: 1_000_000 }).map((digits) => `+${digits}`)
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), number, (name, phoneNumber) => {
      const card = vcardOf(name, phoneNumber)
      expect(card.split('\n')).toHaveLength(5)
      expect(phoneNumberIn(card)).toBe(phoneNumber)
    }),
  )
})

test.each([
  ['TEL;type=CELL;type=VOICE;waid=5511999990002:+55 11 99999-0002', '+5511999990002'],
  ['item1.TEL;waid=5511999990002:+55 11 99999-0002', '+5511999990002'],
  ['TEL:+55 (11) 99999-0002', '+5511999990002'],
  ['TEL:011 99999', undefined],
  ['TEL:+', undefined],
  ['EMAIL:ana@example.org', undefined],
])('of %s the number is %s', (line, number) => {
  expect(phoneNumberIn(`BEGIN:VCARD\nVERSION:3.0\nFN:Ana\n${line}\nEND:VCARD`)).toBe(number)
})
