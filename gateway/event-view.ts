/** Events as customers get them, by the feed, as a stream and by webhooks: the schemas, and the rows in their shape. Pure. */
import type { ToldEvent } from '@berth/core/postgres/events.ts'
import { z } from 'zod'
import type { MessageRow } from './data/messages.ts'
import { EXAMPLE_ID, Message } from './message-schemas.ts'
import { messageView } from './message-view.ts'
import { MessageStatus, SessionState } from './schemas.ts'

const SessionStateData = z
  .object({
    state: SessionState,
    reason: z.string().optional().describe('One word for programs: why it is so'),
    message: z.string().optional().describe('Why it is so, and what to do'),
    phoneNumber: z.string().optional().describe('The linked phone, as +5511999990001'),
  })
  .meta({ id: 'SessionStateData' })

const aboutMessage = {
  messageId: z.uuid().describe('The id of the message'),
  chat: z.string().describe('Its conversation'),
}

const MessageData = z
  .object({
    ...aboutMessage,
    message: Message.optional().describe(
      'As it was when it was stored. Left out: it was erased meanwhile, or is too large',
    ),
    truncated: z.boolean().optional().describe('true: it is too large for a webhook; read it under `link`'),
    link: z.string().optional().describe('Where it can be read with your API key'),
  })
  .meta({ id: 'MessageData' })

const MessageStatusData = z
  .object({
    ...aboutMessage,
    status: MessageStatus,
    at: z.iso.datetime({ offset: true }).describe('When it was reached'),
    error: z
      .object({
        code: z.string().describe('For programs'),
        message: z.string().optional().describe('For people'),
      })
      .optional()
      .describe('Why it failed'),
  })
  .meta({ id: 'MessageStatusData' })

const MediaData = z
  .object({
    ...aboutMessage,
    media: z
      .object({
        id: z.uuid().describe('Read it with GET /v1/media/{id}'),
        status: z.enum(['stored', 'failed']).describe('Whether it can be read'),
        mimeType: z.string().describe('What it is'),
        size: z.int().optional().describe('Bytes'),
        sha256: z.string().optional().describe('Of its bytes, as hexadecimal digits'),
        error: z.string().optional().describe('Why it failed, for programs'),
      })
      .describe('The file'),
  })
  .meta({ id: 'MediaData' })

const WebhookPausedData = z
  .object({
    endpoint: z.uuid().describe('Its id'),
    url: z.string().describe('Where it is'),
    reason: z.enum(['failing', 'gone']).describe('failing: every attempt of three days failed; gone: it answered 410'),
    failingSince: z.iso.datetime({ offset: true }).optional().describe('Since when every attempt failed'),
  })
  .meta({ id: 'WebhookPausedData' })

/** What each type means, in a sentence for customers. */
export const EVENT_TYPES = {
  'session.state': 'what a session is doing has changed',
  'message.received': 'somebody wrote to a session',
  'message.sent_by_phone': 'somebody wrote on the linked phone itself',
  'message.updated': 'somebody edited, deleted or reacted to an earlier message, or voted: `message` is that change',
  'message.status': 'a message that was sent has got further, or failed',
  'media.updated': 'the file of a message was stored, or could not be',
  'webhook.paused': 'a webhook endpoint is told nothing any more, until you enable it again',
} as const
export type EventType = keyof typeof EVENT_TYPES
export const EventType = z.enum(Object.keys(EVENT_TYPES) as [EventType, ...EventType[]])

const ofAll = {
  id: z.uuid().describe('Stays the same, however often the event is read or told'),
  occurredAt: z.iso.datetime().describe('When it was stored'),
}
const ofSession = {
  ...ofAll,
  session: z.string().describe('The name of the session'),
  seq: z.int().min(1).describe("Counts the session's events, without a gap"),
}

const typeOf = <Type extends EventType>(...types: [Type, ...Type[]]) =>
  z.enum(types).describe(types.map((type) => `${type}: ${EVENT_TYPES[type]}`).join('; '))

const EVENT = { id: '0c9d2f6e-1b1f-4c57-8d0f-6a1f0e9d7b21', occurredAt: '2026-01-05T10:15:00.000Z' }
const OF_SUPPORT = { ...EVENT, session: 'support', seq: 7 }
const ABOUT = { messageId: EXAMPLE_ID, chat: '5511999990002@s.whatsapp.net' }

const SessionStateEvent = z.object({ ...ofSession, type: typeOf('session.state'), data: SessionStateData }).meta({
  id: 'SessionStateEvent',
  examples: [
    {
      ...OF_SUPPORT,
      type: 'session.state',
      data: {
        state: 'LoggedOut',
        reason: 'LoggedOut',
        message: 'The phone removed this linked device, or it was logged out. Link it again.',
        phoneNumber: '+5511999990001',
      },
    },
  ],
})

const MessageEvent = z
  .object({
    ...ofSession,
    type: typeOf('message.received', 'message.sent_by_phone', 'message.updated'),
    data: MessageData,
  })
  .meta({
    id: 'MessageEvent',
    examples: [
      {
        ...OF_SUPPORT,
        type: 'message.received',
        data: {
          ...ABOUT,
          message: {
            id: EXAMPLE_ID,
            session: 'support',
            chat: ABOUT.chat,
            direction: 'incoming',
            fromMe: false,
            from: { phoneNumber: '+5511999990002', name: 'Ana' },
            type: 'text',
            text: 'Hello!',
            status: 'received',
            createdAt: '2026-01-05T10:15:00.000Z',
            sentAt: '2026-01-05T10:14:59.000Z',
            statusAt: '2026-01-05T10:15:00.000Z',
          },
        },
      },
    ],
  })

const MessageStatusEvent = z.object({ ...ofSession, type: typeOf('message.status'), data: MessageStatusData }).meta({
  id: 'MessageStatusEvent',
  examples: [
    {
      ...OF_SUPPORT,
      type: 'message.status',
      data: { ...ABOUT, status: 'delivered', at: '2026-01-05T10:15:00.000Z' },
    },
  ],
})

const MediaEvent = z.object({ ...ofSession, type: typeOf('media.updated'), data: MediaData }).meta({
  id: 'MediaEvent',
  examples: [
    {
      ...OF_SUPPORT,
      type: 'media.updated',
      data: {
        ...ABOUT,
        media: { id: '019b8a41-2d3e-7b4c-8d5e-6f7a8b9c0d1e', status: 'stored', mimeType: 'image/jpeg', size: 48213 },
      },
    },
  ],
})

const WebhookPausedEvent = z.object({ ...ofAll, type: typeOf('webhook.paused'), data: WebhookPausedData }).meta({
  id: 'WebhookPausedEvent',
  examples: [
    {
      ...EVENT,
      type: 'webhook.paused',
      data: {
        endpoint: '019b8a42-3e4f-7c5d-9e6f-7a8b9c0d1e2f',
        url: 'https://example.com/whatsapp',
        reason: 'failing',
        failingSince: '2026-01-02T10:15:00.000Z',
      },
    },
  ],
})

export const FeedEvent = z
  .discriminatedUnion('type', [SessionStateEvent, MessageEvent, MessageStatusEvent, MediaEvent, WebhookPausedEvent])
  .meta({ id: 'FeedEvent' })
export type FeedEvent = z.infer<typeof FeedEvent>

/** What may have changed of a message since its event, as it was then. */
interface Then {
  status: MessageRow['status']
  media?: Record<string, unknown>
}

/** The message of an event as it was then; undefined: there is none, or it was erased. */
export function messageThen({ data, message }: Pick<ToldEvent, 'data' | 'message'>): MessageRow | undefined {
  if (!message) return undefined
  const row = message as MessageRow
  const { status, media } = data as Then
  const created_at = new Date(row.created_at)
  return {
    ...row,
    content: media ? withMedia(row.content, media) : row.content,
    status,
    created_at,
    status_at: created_at,
    status_times: {},
    sent_at: row.sent_at && new Date(row.sent_at),
  }
}

/** A file gets its state, size and hash when it was fetched. */
function withMedia(content: unknown, media: Record<string, unknown>): unknown {
  const { status, size, sha256, error, ...lasting } = (content as { media?: Record<string, unknown> }).media ?? {}
  return { ...(content as object), media: { ...lasting, ...media } }
}

/** What was cancelled has its own status, as the message has. */
function shownData(data: unknown): unknown {
  const { status, error } = data as { status?: string; error?: { code: string } }
  return status === 'failed' && error?.code === 'cancelled' ? { ...(data as object), status: 'cancelled' } : data
}

/** @param references messages that the event's message is about, and maybe others */
export function eventView(row: ToldEvent, references: MessageRow[] = []): FeedEvent {
  const { id, session, seq, type, data, occurred_at } = row
  const then = messageThen(row)
  const { messageId, chat } = data as { messageId?: string; chat?: string }
  // Those that came later were not known then.
  const known = references.filter(({ number }) => number < (then?.number ?? 0))
  const isOfMessage = MessageEvent.shape.type.safeParse(type).success
  return {
    id,
    ...(session !== null && { session, seq }),
    type,
    occurredAt: occurred_at.toISOString(),
    data: isOfMessage
      ? { messageId, chat, ...(then && { message: messageView(then, session!, { changes: [], references: known }) }) }
      : shownData(data),
    // What is not the message's was written by the database's own triggers, by the types above.
  } as FeedEvent
}
