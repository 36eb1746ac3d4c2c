/**
 * How files are encrypted in WhatsApp, as streams: AES-256-CBC, then ten bytes of HMAC-SHA256 over IV and ciphertext, under
 * keys that come from the file's own key. One chunk at a time is in memory.
 */

import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { MediaRefused } from '@berth/core/media/store.ts'
import type { FileKind } from '@berth/core/model/message-media.ts'
import { getMediaKeys } from '@whiskeysockets/baileys'

const SEAL_BYTES = 10
const BLOCK_BYTES = 16

/** Bytes of a file's encrypted form. */
export const encryptedLength = (length: number): number => length - (length % BLOCK_BYTES) + BLOCK_BYTES + SEAL_BYTES

interface Key {
  kind: FileKind
  mediaKey: Buffer
}

async function keysOf({ kind, mediaKey }: Key) {
  const { iv, cipherKey, macKey } = await getMediaKeys(mediaKey, kind)
  return { iv, cipherKey, seal: createHmac('sha256', macKey!).update(iv) }
}

export async function* encrypted(bytes: AsyncIterable<Uint8Array>, key: Key): AsyncGenerator<Buffer> {
  const { iv, cipherKey, seal } = await keysOf(key)
  const cipher = createCipheriv('aes-256-cbc', cipherKey, iv)
  for await (const chunk of bytes) {
    const part = cipher.update(chunk)
    seal.update(part)
    yield part
  }
  const last = cipher.final()
  yield Buffer.concat([last, seal.update(last).digest().subarray(0, SEAL_BYTES)])
}

/** Throws MediaRefused 'damaged' at the end when the seal is not the file's: until then nothing of it may be believed. */
export async function* decrypted(bytes: AsyncIterable<Uint8Array>, key: Key): AsyncGenerator<Buffer> {
  const { iv, cipherKey, seal } = await keysOf(key)
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
  let tail: Buffer = Buffer.alloc(0)
  for await (const chunk of bytes) {
    const known = Buffer.concat([tail, chunk])
    const end = Math.max(0, known.length - SEAL_BYTES)
    const part = known.subarray(0, end)
    tail = known.subarray(end)
    seal.update(part)
    yield decipher.update(part)
  }
  const expected = seal.digest().subarray(0, SEAL_BYTES)
  if (tail.length !== SEAL_BYTES || !timingSafeEqual(tail, expected)) throw damaged()
  try {
    yield decipher.final()
  } catch {
    throw damaged()
  }
}

const damaged = () => new MediaRefused('damaged', 'the file was changed on its way: its seal is not right')
