/** Signatures are accepted and refused as by curve25519-js; and what is refused is refused by Baileys and libsignal. */
import { createHash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { Curve, generateSignalPubKey } from '@whiskeysockets/baileys'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkSignatures, upstreamVerify, verify } from './signatures.ts'

const libsignal = createRequire(import.meta.url)('libsignal/src/curve.js')
checkSignatures()

/** Upstream takes 6 ms for each. */
const RUNS = { numRuns: 40 }
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

function signed(message: Uint8Array) {
  const { public: key, private: secret } = Curve.generateKeyPair()
  return { key, signature: new Uint8Array(Curve.sign(secret, message)) }
}

test('upstream is as it was when this was written', () => {
  const text = String(upstreamVerify).replaceAll(/\s+/g, ' ')
  expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe('8b578380ae9c678a')
})

test('good signatures are accepted', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (message) => {
      const { key, signature } = signed(message)
      expect(verify(key, message, signature)).toBe(true)
      expect(upstreamVerify(Uint8Array.from(key), message, signature)).toBe(true)
    }),
    RUNS,
  )
})

test('with any bit changed, in key, message or signature, the answer is the same', () => {
  const place = fc.record({ part: fc.constantFrom('key', 'message', 'signature'), bit: fc.nat() })
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), place, (message, { part, bit }) => {
      const { key, signature } = signed(message)
      const parts = { key: Uint8Array.from(key), message, signature }
      const changed = parts[part as keyof typeof parts]
      changed[(bit >> 3) % changed.length]! ^= 1 << (bit & 7)
      expect(verify(parts.key, message, signature)).toBe(upstreamVerify(parts.key, message, signature))
    }),
    RUNS,
  )
})

test('anything at all is answered alike', () => {
  const special = [0, 1, 9, 0xec, 0xed, 0xee].flatMap((first) =>
    [0, 0x7f, 0xff].map((rest) =>
      Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? first : i === 31 ? rest & 0x7f : rest)),
    ),
  )
  fc.assert(
    fc.property(fc.oneof(bytes(32), fc.constantFrom(...special)), bytes(10), bytes(64), (key, message, signature) => {
      expect(verify(key, message, signature)).toBe(upstreamVerify(key, message, signature))
    }),
    RUNS,
  )
})

test('an s that is not reduced is refused: upstream accepts it', () => {
  const message = randomBytes(20)
  const { key, signature } = signed(message)
  const sign = signature[63]! & 0x80
  const s = Buffer.from(signature.subarray(32)).reverse()
  s[0]! &= 0x7f
  const raised = Buffer.from((BigInt(`0x${s.toString('hex')}`) + L).toString(16).padStart(64, '0'), 'hex').reverse()
  signature.set(raised, 32)
  signature[63]! |= sign
  expect(upstreamVerify(Uint8Array.from(key), Uint8Array.from(message), signature)).toBe(true)
  expect(verify(key, message, signature)).toBe(false)
})

test('a wrong length is an error with the same words', () => {
  for (const [key, signature] of [
    [32, 63],
    [32, 65],
    [31, 64],
  ] as const) {
    const args = [new Uint8Array(key), new Uint8Array(1), new Uint8Array(signature)] as const
    expect(() => verify(...args)).toThrow(key === 32 ? 'wrong signature length' : 'wrong public key length')
    expect(() => upstreamVerify(...args)).toThrow(key === 32 ? 'wrong signature length' : 'wrong public key length')
  }
})

test("Baileys' own check says no to a wrong signature, and libsignal's throws", () => {
  const message = randomBytes(20)
  const { key, signature } = signed(message)
  expect(Curve.verify(key, message, signature)).toBe(true)
  expect(Curve.verify(key, randomBytes(20), signature)).toBe(false)
  const identity = Buffer.from(generateSignalPubKey(key))
  expect(libsignal.verifySignature(identity, message, signature)).toBe(true)
  expect(() => libsignal.verifySignature(identity, randomBytes(20), signature)).toThrow('Invalid signature')
})
