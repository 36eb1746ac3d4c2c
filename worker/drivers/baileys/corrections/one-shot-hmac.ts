/**
 * Has libsignal 6.0.0 take its HMACs and derived keys in one call each, process-wide: seven HMACs a message. An HMAC is two
 * one-shot hashes (RFC 2104), half as dear as a Hmac object; the three derived keys are Baileys' own HKDF (RFC 5869), a
 * quarter of four HMACs. Same results, same errors: what is not given as upstream wants it goes upstream.
 */
import { hash } from 'node:crypto'
import { createRequire } from 'node:module'
import { hkdf } from '@whiskeysockets/baileys'

interface SignalCrypto {
  calculateMAC(key: Buffer, data: Buffer): Buffer
  deriveSecrets(input: Buffer, salt: Buffer, info: Buffer, chunks?: number): Buffer[]
  verifyMAC(data: Buffer, key: Buffer, mac: Buffer, length: number): void
}

const BLOCK = 64
const HASH = 32
const KEY = 32

const crypto = createRequire(import.meta.url)('libsignal/src/crypto.js') as SignalCrypto
const upstream = { ...crypto }

/** What upstream's functions look like; another text means that this must be looked at again. */
export const upstreamSignalCrypto: string = [crypto.calculateMAC, crypto.deriveSecrets, crypto.verifyMAC].join('\n')

export function takeOneShotHmacs(): void {
  Object.assign(crypto, { calculateMAC, deriveSecrets, verifyMAC } satisfies SignalCrypto)
}

/** Filled anew by each call, and nothing waits in between. */
const outer = Buffer.alloc(BLOCK + HASH)

function calculateMAC(key: Buffer, data: Buffer): Buffer {
  if (!Buffer.isBuffer(key) || !Buffer.isBuffer(data) || key.length > BLOCK) return upstream.calculateMAC(key, data)
  const inner = Buffer.allocUnsafe(BLOCK + data.length)
  inner.fill(0x36, key.length, BLOCK)
  outer.fill(0x5c, key.length, BLOCK)
  for (let i = 0; i < key.length; i++) {
    inner[i] = key[i]! ^ 0x36
    outer[i] = key[i]! ^ 0x5c
  }
  inner.set(data, BLOCK)
  outer.set(hash('sha256', inner, 'buffer'), BLOCK)
  return hash('sha256', outer, 'buffer')
}

/** libsignal's `info` is ASCII: as text it is the same bytes. */
function deriveSecrets(input: Buffer, salt: Buffer, info: Buffer, chunks = 3): Buffer[] {
  const isUsual = [input, salt, info].every(Buffer.isBuffer) && salt.length === KEY && chunks >= 1 && chunks <= 3
  if (!isUsual) return upstream.deriveSecrets(input, salt, info, chunks)
  const keys = Buffer.from(hkdf(input, chunks * KEY, { salt, info: info.toString() }))
  return Array.from({ length: chunks }, (_, i) => keys.subarray(i * KEY, (i + 1) * KEY))
}

function verifyMAC(data: Buffer, key: Buffer, mac: Buffer, length: number): void {
  const calculated = calculateMAC(key, data).subarray(0, length)
  if (mac.length !== length || calculated.length !== length) throw new Error('Bad MAC length')
  if (!mac.equals(calculated)) throw new Error('Bad MAC')
}
