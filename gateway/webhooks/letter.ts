/** What one endpoint is sent: the body, and the headers around it. Pure. */
import type { HeldEndpoint } from '@berth/core/postgres/webhooks.ts'
import type { FeedEvent } from '../event-view.ts'
import type { EndpointSecrets } from './secrets.ts'
import { signedHeaders } from './signature.ts'

/** What is larger is no message that somebody wrote; receivers and their proxies have limits. */
export const MAX_BODY_BYTES = 256 * 1024

/** The event as JSON; one that is too large says where its message can be read. */
export function bodyOf(event: FeedEvent, publicUrl = ''): string {
  const body = JSON.stringify(event)
  if (Buffer.byteLength(body) <= MAX_BODY_BYTES || !('messageId' in event.data)) return body
  const { messageId, chat } = event.data
  const session = 'session' in event ? encodeURIComponent(event.session) : ''
  const link = `${publicUrl}/v1/sessions/${session}/messages/${messageId}`
  return JSON.stringify({ ...event, data: { messageId, chat, truncated: true, link } })
}

type Sealed = Pick<HeldEndpoint, 'id' | 'headers' | 'secret' | 'earlier_secret' | 'earlier_until'>

/** The endpoint's own headers and the signature, with each secret that is valid now. Throws SealError. */
export function headersOf(
  endpoint: Sealed,
  secrets: EndpointSecrets,
  eventId: string,
  body: string,
  now: Date,
): Record<string, string> {
  const { id, earlier_secret, earlier_until } = endpoint
  const valid = [endpoint.secret]
  if (earlier_secret && earlier_until && earlier_until > now) valid.push(earlier_secret)
  const opened = valid.map((secret) => secrets.openSecret(id, secret))
  return { ...secrets.openHeaders(id, endpoint.headers), ...signedHeaders(opened, eventId, now.getTime(), body) }
}
