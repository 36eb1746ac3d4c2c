/** The same results as with keys as they come; and in use where Baileys and libsignal take these functions from. */
import nodeCrypto, { KeyObject } from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { aesDecryptGCM, aesEncryptGCM, hmacSign } from '@whiskeysockets/baileys'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'

const NAMES = ['createHmac', 'createCipheriv', 'createDecipheriv'] as const

const upstream = { ...nodeCrypto }
/** The keys that Node's own functions were given. */
let given: unknown[] = []
for (const name of NAMES) {
  const original = nodeCrypto[name] as (...args: unknown[]) => unknown
  const recording = (...args: unknown[]) => {
    given.push(args[1])
    return original(...args)
  }
  Object.assign(nodeCrypto, { [name]: recording })
}
syncBuiltinESMExports()
const { passKeyObjects } = await import('./key-objects.ts')
passKeyObjects()

beforeEach(() => {
  given = []
})

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const anyBytes = fc.uint8Array({ maxLength: 200 })

test('HMACs are equal', () => {
  fc.assert(
    fc.property(fc.oneof(anyBytes, fc.string()), anyBytes, (key, data) => {
      const hmac = (crypto: typeof upstream) => crypto.createHmac('sha256', key).update(data).digest()
      expect(hmac(nodeCrypto)).toEqual(hmac(upstream))
    }),
  )
})

test('what one encrypts the other decrypts', () => {
  fc.assert(
    fc.property(bytes(32), bytes(16), anyBytes, (key, iv, plain) => {
      const run = (cipher: nodeCrypto.Cipheriv | nodeCrypto.Decipheriv, data: Uint8Array) =>
        Buffer.concat([cipher.update(data), cipher.final()])
      const box = run(nodeCrypto.createCipheriv('aes-256-cbc', key, iv), plain)
      expect(box).toEqual(run(upstream.createCipheriv('aes-256-cbc', key, iv), plain))
      expect(run(nodeCrypto.createDecipheriv('aes-256-cbc', key, iv), box)).toEqual(Buffer.from(plain))
    }),
  )
})

test('a key of the wrong length is refused with the same words', () => {
  const refusal = (crypto: typeof upstream) => {
    try {
      crypto.createCipheriv('aes-256-cbc', Buffer.alloc(31), Buffer.alloc(16))
    } catch (error) {
      return String(error)
    }
  }
  expect(refusal(upstream)).toContain('Invalid key length')
  expect(refusal(nodeCrypto)).toBe(refusal(upstream))
})

test("Baileys' frames and HMACs, and libsignal's messages, come this way", () => {
  const signal = createRequire(import.meta.url)('libsignal/src/crypto.js')
  const [key, iv, text] = [Buffer.alloc(32, 1), Buffer.alloc(12, 2), Buffer.from('text')]
  const frame = aesEncryptGCM(text, key, iv, Buffer.alloc(0))
  expect(aesDecryptGCM(frame, key, iv, Buffer.alloc(0))).toEqual(text)
  hmacSign(text, key)
  signal.decrypt(key, signal.encrypt(key, text, Buffer.alloc(16)), Buffer.alloc(16))
  signal.calculateMAC(key, text)
  expect(given).toHaveLength(6)
  for (const one of given) expect(one).toBeInstanceOf(KeyObject)
})
