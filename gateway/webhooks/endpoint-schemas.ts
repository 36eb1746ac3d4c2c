/** Webhook endpoints and deliveries as the API takes and shows them. */
import { NAME_PATTERN } from '@berth/core/model/names.ts'
import { z } from 'zod'
import type { DeliveryRow, EndpointRow } from '../data/webhooks.ts'
import { EVENT_TYPES, EventType } from '../event-view.ts'
import { NOT_AN_OBJECT } from '../schemas.ts'

export const EXAMPLE_ENDPOINT = '019b8a42-3e4f-7c5d-9e6f-7a8b9c0d1e2f'
const EXAMPLE_EVENT = '0c9d2f6e-1b1f-4c57-8d0f-6a1f0e9d7b21'
const URL_EXAMPLE = 'https://example.com/whatsapp'

const MOST_HEADERS = 20
const HEADER_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/i
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/
/** What we write ourselves, and what says how a message is carried. */
const OURS =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept-encoding|user-agent|webhook-.*|proxy-.*)$/i
const HEADERS_RULE =
  'Write at most 20 names of letters, digits and "-" with values of visible ASCII; not Host, User-Agent, Accept-Encoding, Content-…, Webhook-…, Proxy-… or what belongs to the connection'

const isFit = (headers: Record<string, string>): boolean =>
  Object.keys(headers).length <= MOST_HEADERS &&
  Object.entries(headers).every(
    ([name, value]) => HEADER_NAME.test(name) && !OURS.test(name) && HEADER_VALUE.test(value),
  )

const types = Object.entries(EVENT_TYPES).map(([type, means]) => `- \`${type}\`: ${means}`)

const fields = {
  url: z
    .string()
    .describe('Where the events are sent to, by POST')
    .meta({ examples: [URL_EXAMPLE] }),
  description: z
    .string()
    .max(200, 'Write at most 200 characters')
    .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'Write valid Unicode without U+0000')
    .describe('For you'),
  enabled: z.boolean().describe('false: it is told nothing, and what happens meanwhile is missed'),
  events: z
    .array(EventType)
    .min(1)
    .max(50)
    .describe(`Only these; without it all, those that come later too:\n\n${types.join('\n')}`),
  sessions: z
    .array(z.string().regex(NAME_PATTERN, 'Write names of sessions'))
    .min(1)
    .max(1000)
    .describe('Only of these sessions, by their names; without it of all'),
  headers: z
    .record(z.string(), z.string())
    .refine(isFit, HEADERS_RULE)
    .describe('Sent along with each event, for example what your server wants to see of callers'),
}

const EXAMPLE = { url: URL_EXAMPLE, events: ['message.received', 'message.status'] }

export const NewWebhookEndpoint = z
  .strictObject(
    {
      url: fields.url,
      description: fields.description.optional(),
      enabled: fields.enabled.default(true),
      events: fields.events.optional(),
      sessions: fields.sessions.optional(),
      headers: fields.headers.optional(),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'NewWebhookEndpoint', examples: [EXAMPLE] })

export const WebhookEndpointChange = z
  .strictObject(
    {
      url: fields.url.optional(),
      description: fields.description.nullish().describe('For you; null: none'),
      enabled: fields.enabled.optional(),
      events: fields.events.nullish().describe('Only these; null: all'),
      sessions: fields.sessions.nullish().describe('Only of these sessions; null: of all'),
      headers: fields.headers.nullish().describe('Sent along in place of those before; null: none'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'WebhookEndpointChange', examples: [{ enabled: true }] })

const shown = {
  id: z.uuid().describe('Under which it is read again'),
  url: fields.url,
  description: fields.description.optional(),
  enabled: fields.enabled,
  events: z.array(z.string()).optional().describe('Only these; left out: all'),
  sessions: z.array(z.string()).optional().describe('Only of these sessions; left out: of all'),
  headerNames: z.array(z.string()).describe('What is sent along; the values are not shown'),
  failingSince: z.iso.datetime().optional().describe('Since when every attempt has failed'),
  pausedAt: z.iso.datetime().optional().describe('When Berth itself disabled it. Enable it again when it is well'),
  pausedReason: z
    .enum(['failing', 'gone'])
    .optional()
    .describe('failing: every attempt of three days failed; gone: it answered 410'),
  earlierSecretUntil: z.iso.datetime().optional().describe('Until then the secret before signs, too'),
  createdAt: z.iso.datetime().describe('When you created it'),
}

const SHOWN_EXAMPLE = {
  id: EXAMPLE_ENDPOINT,
  ...EXAMPLE,
  enabled: true,
  headerNames: [],
  createdAt: '2026-01-05T10:15:00.000Z',
}

const secret = z.string().describe('Signs what is sent. Shown this once: keep it')
const EXAMPLE_SECRET = 'whsec_BeXaMpLeBeXaMpLeBeXaMpLeBeXaMpLeBeXaMpLeBeX='

export const WebhookEndpoint = z.object(shown).meta({ id: 'WebhookEndpoint', examples: [SHOWN_EXAMPLE] })
export const CreatedWebhookEndpoint = z
  .object({ ...shown, secret })
  .meta({ id: 'CreatedWebhookEndpoint', examples: [{ ...SHOWN_EXAMPLE, secret: EXAMPLE_SECRET }] })

const WEEK_SECONDS = 7 * 24 * 3600
export const SecretRotation = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(WEEK_SECONDS)
      .default(24 * 3600)
      .describe('For so long the secret before signs, too; at most a week'),
  })
  .meta({ id: 'SecretRotation', examples: [{ overlapSeconds: 86400 }] })

export const RotatedSecret = z.object({ secret, earlierSecretUntil: shown.earlierSecretUntil }).meta({
  id: 'RotatedSecret',
  examples: [{ secret: EXAMPLE_SECRET, earlierSecretUntil: '2026-01-06T10:15:00.000Z' }],
})

export const DeliveryAttempt = z
  .object({
    at: z.iso.datetime().describe('When it began'),
    ms: z.int().describe('Milliseconds until the answer, or until it was given up'),
    status: z.int().optional().describe('Of the answer; left out: there was none'),
    error: z.string().optional().describe('Why there was none'),
    answer: z.string().optional().describe('How the answer begins: at most 1 KB'),
  })
  .meta({ id: 'DeliveryAttempt', examples: [{ at: '2026-01-05T10:15:00.000Z', ms: 84, status: 200, answer: 'ok' }] })

export const DeliveryStatus = z.enum(['pending', 'delivered', 'dead'])

export const Delivery = z
  .object({
    event: z.uuid().describe('The id of the event'),
    type: z.string().describe('Its type'),
    session: z.string().optional().describe('Its session'),
    status: DeliveryStatus.describe(
      'pending: it is tried (again); delivered: you answered 2xx; dead: given up after 72 hours',
    ),
    tries: z.int().describe('How often it was tried'),
    nextAt: z.iso.datetime().optional().describe('Pending: when it is tried again, at the earliest'),
    outOfOrder: z
      .boolean()
      .describe('It has failed for minutes, or is told again: later events of its chat do not wait for it'),
    attempts: z.array(DeliveryAttempt).describe('The last twenty, oldest first'),
    createdAt: z.iso.datetime().describe('When it came to be'),
  })
  .meta({
    id: 'Delivery',
    examples: [
      {
        event: EXAMPLE_EVENT,
        type: 'message.received',
        session: 'support',
        status: 'delivered',
        tries: 1,
        outOfOrder: false,
        attempts: [{ at: '2026-01-05T10:15:00.000Z', ms: 84, status: 200, answer: 'ok' }],
        createdAt: '2026-01-05T10:15:00.000Z',
      },
    ],
  })

export const EndpointParams = z.object({
  id: z
    .string()
    .describe('The id of the endpoint')
    .meta({ examples: [EXAMPLE_ENDPOINT] }),
})
export const DeliveryParams = EndpointParams.extend({
  event: z
    .string()
    .describe('The id of the event')
    .meta({ examples: [EXAMPLE_EVENT] }),
})

export const endpointView = (row: EndpointRow, headerNames: string[], now: Date) => ({
  id: row.id,
  url: row.url,
  ...(row.description !== null && { description: row.description }),
  enabled: row.enabled,
  ...(row.events && { events: row.events }),
  ...(row.sessions && { sessions: row.sessions }),
  headerNames,
  ...(row.failing_since && { failingSince: row.failing_since.toISOString() }),
  ...(row.paused_at && {
    pausedAt: row.paused_at.toISOString(),
    pausedReason: row.paused_reason as 'failing' | 'gone',
  }),
  ...(row.earlier_until && row.earlier_until > now && { earlierSecretUntil: row.earlier_until.toISOString() }),
  createdAt: row.created_at.toISOString(),
})

export const deliveryView = (row: DeliveryRow): z.infer<typeof Delivery> => ({
  event: row.event_id,
  type: row.type,
  ...(row.session !== null && { session: row.session }),
  status: row.status,
  tries: row.tries,
  ...(row.status === 'pending' && { nextAt: row.next_at.toISOString() }),
  outOfOrder: row.late,
  attempts: row.attempts as z.infer<typeof DeliveryAttempt>[],
  createdAt: row.created_at.toISOString(),
})
