/** The same results as libsignal's own functions, for whatever they are given. */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { takeOneShotHmacs, upstreamSignalCrypto } from './one-shot-hmac.ts'

const crypto = createRequire(import.meta.url)('libsignal/src/crypto.js')
const upstream = { ...crypto }
takeOneShotHmacs()

const buffer = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints).map((bytes) => Buffer.from(bytes))
const key = buffer({ minLength: 32, maxLength: 32 })

/** What a function answers or throws. */
function outcome(run: () => unknown): unknown {
  try {
    return { answer: run() }
  } catch (error) {
    return { error: String(error) }
  }
}

test('upstream is as it was when this was written', () => {
  const text = upstreamSignalCrypto.replaceAll(/\s+/g, ' ')
  expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe('56cb165ab143a4df')
  expect(crypto.calculateMAC).not.toBe(upstream.calculateMAC)
  expect(crypto.deriveSecrets).not.toBe(upstream.deriveSecrets)
})

test('HMACs are equal, whatever the lengths of key and data', () => {
  fc.assert(
    fc.property(buffer({ maxLength: 100 }), buffer({ maxLength: 300 }), (anyKey, data) => {
      expect(crypto.calculateMAC(anyKey, data)).toEqual(upstream.calculateMAC(anyKey, data))
    }),
  )
})

test('derived keys are equal', () => {
  fc.assert(
    fc.property(
      buffer({ maxLength: 100 }),
      key,
      fc.string({ maxLength: 100 }),
      fc.constantFrom(1, 2, 3, undefined),
      (input, salt, info, chunks) => {
        const args = [input, salt, Buffer.from(info), chunks]
        expect(crypto.deriveSecrets(...args)).toEqual(upstream.deriveSecrets(...args))
      },
    ),
  )
})

test('a MAC is accepted and refused alike', () => {
  fc.assert(
    fc.property(key, buffer({ maxLength: 50 }), fc.boolean(), fc.nat({ max: 12 }), (secret, data, isGood, length) => {
      const mac = upstream.calculateMAC(secret, data).subarray(0, 8)
      if (!isGood) mac[0] ^= 1
      const args = [data, secret, mac, length]
      expect(outcome(() => crypto.verifyMAC(...args))).toEqual(outcome(() => upstream.verifyMAC(...args)))
    }),
  )
})

test.each([
  ['a short salt', 'deriveSecrets', [Buffer.alloc(32), Buffer.alloc(31), Buffer.alloc(1)]],
  ['four keys', 'deriveSecrets', [Buffer.alloc(32), Buffer.alloc(32), Buffer.alloc(1), 4]],
  ['a salt that is no Buffer', 'deriveSecrets', [Buffer.alloc(32), new Uint8Array(32), Buffer.alloc(1)]],
  ['text', 'deriveSecrets', ['text', Buffer.alloc(32), Buffer.alloc(1)]],
  ['a key that is no Buffer', 'calculateMAC', [new Uint8Array(32), Buffer.alloc(1)]],
  ['text as data', 'calculateMAC', [Buffer.alloc(32), 'text']],
])('%s is refused by %s with the same words', (_, name, args) => {
  const refused = outcome(() => upstream[name](...args))
  expect(refused).toHaveProperty('error')
  expect(outcome(() => crypto[name](...args))).toEqual(refused)
})
