// How files are encrypted in WhatsApp: a random key for each, from which the keys of the cipher and of its seal are derived,
// differently for each kind. AES-256-CBC, then ten bytes of HMAC-SHA256 over IV and ciphertext.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { MediaKind } from '../whatsapp/content/media-fields.ts'

/** What opens a file, and what it must be. */
export interface Seal {
  mediaKey: Buffer
  /** Of what it is, and of its encrypted form. */
  sha256: Buffer
  encryptedSha256: Buffer
}

const KEY_LENGTH = 32
const SEAL_LENGTH = 10
const INFO: Record<MediaKind, string> = {
  image: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  voice: 'WhatsApp Audio Keys',
  audio: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
  sticker: 'WhatsApp Image Keys',
}

export function encryptFile(kind: MediaKind, plain: Buffer): Seal & { encrypted: Buffer } {
  const mediaKey = randomBytes(KEY_LENGTH)
  const { iv, cipherKey, sealKey } = keysOf(kind, mediaKey)
  const cipher = createCipheriv('aes-256-cbc', cipherKey, iv)
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
  const encrypted = Buffer.concat([ciphertext, sealOf(sealKey, iv, ciphertext)])
  return { encrypted, mediaKey, sha256: hash(plain), encryptedSha256: hash(encrypted) }
}

/** @throws Error that says what is wrong with the file, in words */
export function decryptFile(kind: MediaKind, encrypted: Buffer, { mediaKey, sha256, encryptedSha256 }: Seal): Buffer {
  if (!hash(encrypted).equals(encryptedSha256)) throw new Error('its encrypted form has another hash')
  const { iv, cipherKey, sealKey } = keysOf(kind, mediaKey)
  const ciphertext = encrypted.subarray(0, -SEAL_LENGTH)
  const seal = encrypted.subarray(-SEAL_LENGTH)
  if (seal.length < SEAL_LENGTH || !timingSafeEqual(seal, sealOf(sealKey, iv, ciphertext))) {
    throw new Error('its seal (HMAC) is not of this key and kind')
  }
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
  const plain = Buffer.concat([decipher.update(ciphertext), decipher.final()])
  if (!hash(plain).equals(sha256)) throw new Error('its content has another hash')
  return plain
}

function keysOf(kind: MediaKind, mediaKey: Buffer): { iv: Buffer; cipherKey: Buffer; sealKey: Buffer } {
  const expanded = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), INFO[kind], 112))
  return { iv: expanded.subarray(0, 16), cipherKey: expanded.subarray(16, 48), sealKey: expanded.subarray(48, 80) }
}

const sealOf = (key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer =>
  createHmac('sha256', key).update(iv).update(ciphertext).digest().subarray(0, SEAL_LENGTH)
const hash = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
