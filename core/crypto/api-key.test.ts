import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createApiKey, hashApiKey } from './api-key.ts'

test('a new key has the published form and hashes to what is stored', () => {
  const { key, hash, hint } = createApiKey()
  expect(key).toMatch(/^wak_live_[0-9A-Za-z]{39}$/)
  expect(hashApiKey(key)).toEqual(hash)
  expect(key.endsWith(hint)).toBe(true)
})

test('a key with one character changed is refused', () => {
  const { key } = createApiKey()
  fc.assert(
    fc.property(fc.nat({ max: key.length - 1 }), fc.constantFrom(...'0aZ9_'), (at, char) => {
      fc.pre(key[at] !== char)
      expect(hashApiKey(key.slice(0, at) + char + key.slice(at + 1))).toBeUndefined()
    }),
  )
})

test('keys do not repeat', () => {
  expect(new Set(Array.from({ length: 1000 }, () => createApiKey().key)).size).toBe(1000)
})
