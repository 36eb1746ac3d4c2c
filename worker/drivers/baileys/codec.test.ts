import { initAuthCreds } from '@whiskeysockets/baileys'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codec, decodeCredential, encodeCredential } from './codec.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
const there = (type: string, value: unknown) => codec.decode(type, codec.encode(type, value))

test('pre-keys come back byte by byte, in 65 bytes', () => {
  fc.assert(
    fc.property(key, key, (publicKey, privateKey) => {
      const pair = { public: publicKey, private: privateKey }
      expect(codec.encode('pre-key', pair)).toHaveLength(65)
      expect(there('pre-key', pair)).toEqual(pair)
    }),
  )
})

test('plain values and values with buffers come back as they were', () => {
  fc.assert(
    fc.property(fc.string(), key, (text, bytes) => {
      expect(there('session', { _sessions: { [text]: { text } } })).toEqual({ _sessions: { [text]: { text } } })
      expect(there('lid-mapping', text)).toBe(text)
      expect(there('sender-key', bytes)).toEqual(bytes)
      expect(there('tctoken', { token: bytes, timestamp: text })).toEqual({ token: bytes, timestamp: text })
    }),
  )
})

test('a value of an unknown form is refused, not guessed', () => {
  expect(() => codec.decode('session', Buffer.from([9, 1, 2]))).toThrow(/unknown form 9/)
})

test('credentials come back with their buffers; without stored ones there are new ones', () => {
  const creds = initAuthCreds()
  const back = decodeCredential(encodeCredential(creds))
  expect(Buffer.from(back.noiseKey.private)).toEqual(Buffer.from(creds.noiseKey.private))
  expect(back.advSecretKey).toBe(creds.advSecretKey)
  expect(decodeCredential(undefined).me).toBeUndefined()
})
