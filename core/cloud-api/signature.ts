/** How Meta signs what it tells: HMAC-SHA256 under the app's secret, over the bytes as they are sent (X-Hub-Signature-256). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export const SIGNATURE_HEADER = 'x-hub-signature-256'

export const sign = (secret: string, body: Uint8Array): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** In a time that tells nothing of how much of it is right. */
export const isSigned = (secret: string, body: Uint8Array, signature: string | undefined): boolean =>
  isSameText(sign(secret, body), signature ?? '')

/** Compares hashes, which have one length. */
export function isSameText(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(a), hash(b))
}
