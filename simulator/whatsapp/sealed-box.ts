// AES-256-GCM as WhatsApp uses it inside messages: the tag behind the ciphertext, the nonce beside it.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_LENGTH = 12
const TAG_LENGTH = 16

/** @param boundTo what it's not to be opened without */
export function sealBox(key: Buffer, plain: Uint8Array, boundTo: string): { sealed: Buffer; nonce: Buffer } {
  const nonce = randomBytes(NONCE_LENGTH)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(boundTo))
  return { sealed: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]), nonce }
}

/** Undefined when it was sealed under another key, or bound to something else. */
export function openBox(
  key: Buffer,
  box: { sealed?: Uint8Array | null | undefined; nonce?: Uint8Array | null | undefined },
  boundTo: string,
): Buffer | undefined {
  const sealed = Buffer.from(box.sealed ?? [])
  if (sealed.length < TAG_LENGTH || box.nonce?.length !== NONCE_LENGTH) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, box.nonce)
  decipher.setAAD(Buffer.from(boundTo)).setAuthTag(sealed.subarray(-TAG_LENGTH))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()])
  } catch {
    return undefined
  }
}
