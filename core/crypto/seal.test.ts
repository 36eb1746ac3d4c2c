import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyRing, SealError } from './seal.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))

describe('sealing', () => {
  const ring = KeyRing.parse(KeyRing.generate())
  const session = randomUUID()

  test('what was sealed opens in its place, and is not readable as it lies', () => {
    fc.assert(
      fc.property(fc.string(), bytes, (place, plain) => {
        const box = ring.sealer(session).seal(place, plain)
        expect(ring.sealer(session).open(place, box)).toEqual(plain)
        if (plain.length >= 8) expect(box.includes(plain)).toBe(false)
      }),
    )
  })

  test('it opens in no other place, for no other session, with no other key, and not when a bit is changed', () => {
    const box = ring.sealer(session).seal('session/a', Buffer.from('ratchet'))
    expect(() => ring.sealer(session).open('session/b', box)).toThrow(SealError)
    expect(() => ring.sealer(randomUUID()).open('session/a', box)).toThrow(SealError)
    expect(() => KeyRing.parse(KeyRing.generate()).sealer(session).open('session/a', box)).toThrow(SealError)
    fc.assert(
      fc.property(fc.nat({ max: box.length * 8 - 1 }), (bit) => {
        const damaged = Buffer.from(box)
        damaged[bit >> 3]! ^= 1 << (bit & 7)
        expect(() => ring.sealer(session).open('session/a', damaged)).toThrow(SealError)
      }),
    )
  })

  test('a rotated ring seals with its first key and opens what the old one sealed', () => {
    const old = KeyRing.generate()
    const box = KeyRing.parse(old).sealer(session).seal('x', Buffer.from('old'))
    const rotated = KeyRing.parse(`2:${KeyRing.generate().slice(2)},${old}`)
    expect(rotated.sealer(session).open('x', box).toString()).toBe('old')
    expect(rotated.sealer(session).seal('x', Buffer.from('new'))[1]).toBe(2)
  })

  test.each(['', 'abc', '1:c2hvcnQ=', '300:x', '1:'])('a bad ring is refused with the form to write: %j', (text) => {
    expect(() => KeyRing.parse(text)).toThrow(/number:base64/)
  })
})
