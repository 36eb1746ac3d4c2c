/** Signatures of what is told to endpoints, as Standard Webhooks has them (standardwebhooks.com, version 1). */
import { createHmac, randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'
const SECRET_BYTES = 32

/** A new secret, as customers get it. */
export const newSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64')

/** `v1,…` over the id, the time (seconds since 1970) and the body; one for each secret that is valid, parted by blanks. */
export function signatureOf(secrets: string[], id: string, seconds: number, body: string): string {
  const sign = (secret: string) =>
    createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
      .update(`${id}.${seconds}.${body}`)
      .digest('base64')
  return secrets.map((secret) => `v1,${sign(secret)}`).join(' ')
}

/** The headers that prove who sent a body, and which event it is. `now` in milliseconds since 1970. */
export function signedHeaders(secrets: string[], id: string, now: number, body: string): Record<string, string> {
  const seconds = Math.floor(now / 1000)
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatureOf(secrets, id, seconds, body),
  }
}
