/**
 * API keys: `wak_live_` + 24 random bytes in base62 (33 characters) + CRC-32 in base62 (6).
 *
 * The checksum turns typos and guesses away without a database look-up, and lets secret scanners recognise a leak. Only
 * the SHA-256 is stored: with 192 random bits a fast hash is enough.
 */
import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const PREFIX = 'wak_live_'
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_LENGTH = 33
const CHECKSUM_LENGTH = 6
const FORM = new RegExp(`^${PREFIX}([0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`)

function base62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest /= 62n) text = ALPHABET[Number(rest % 62n)] + text
  return text
}

const checksum = (secret: string): string => base62(BigInt(crc32(PREFIX + secret)), CHECKSUM_LENGTH)
const sha256 = (key: string): Buffer => createHash('sha256').update(key).digest()

export interface NewApiKey {
  /** Shown once, stored nowhere. */
  key: string
  hash: Buffer
  /** The last characters, so that people can tell keys apart. */
  hint: string
}

export function createApiKey(): NewApiKey {
  const secret = base62(BigInt(`0x${randomBytes(24).toString('hex')}`), SECRET_LENGTH)
  const key = PREFIX + secret + checksum(secret)
  return { key, hash: sha256(key), hint: key.slice(-4) }
}

/** The hash to look up; undefined when it can't be one of our keys. */
export function hashApiKey(key: string): Buffer | undefined {
  const match = FORM.exec(key)
  return match && checksum(match[1]!) === match[2] ? sha256(key) : undefined
}
