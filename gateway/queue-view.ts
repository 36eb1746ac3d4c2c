/** What waits to be sent, and for what. Pure. */
import { shownStatus } from '@berth/core/model/shown-status.ts'
import { z } from 'zod'
import { recipientOf } from './chat.ts'
import type { Limits } from './data/limits.ts'
import type { MessageRow } from './data/messages.ts'
import { EXAMPLE_ID, EXAMPLE_TO } from './message-schemas.ts'
import { MessageStatus, type Session, SessionState } from './schemas.ts'

export const QueuedMessage = z.object({
  position: z.int().min(1).describe('1: the next one'),
  id: z.uuid().describe('The id of the message'),
  chat: z.string().describe('The conversation'),
  to: z.string().optional().describe('To whom; E.164 when the phone number is known'),
  type: z.string().describe('What it is'),
  status: MessageStatus,
  waitsFor: z
    .enum(['time', 'session', 'pace', 'turn', 'confirmation'])
    .describe(
      'time: it is scheduled. session: the session is not connected. pace: your tier lets one after another go. turn: it is about to go. confirmation: it was handed over, and WhatsApp has not confirmed it yet',
    ),
  notBefore: z.iso.datetime().optional().describe('It goes no earlier than this, as far as is known'),
  expiresAt: z.iso.datetime().optional().describe('It goes before this time, or never'),
  createdAt: z.iso.datetime().describe('When it was accepted'),
})

export const Queue = z
  .object({
    count: z.int().min(0).describe('How many messages wait in all'),
    session: z
      .object({
        state: SessionState,
        reason: z.string().optional().describe('One word for programs: why it is so'),
        message: z.string().optional().describe('Why it is so, and what to do'),
      })
      .describe('What the session is doing: messages go while it is connected'),
    data: z.array(QueuedMessage).describe('The first ones, in the order in which they go'),
  })
  .meta({
    id: 'Queue',
    examples: [
      {
        count: 1,
        session: { state: 'Connected' },
        data: [
          {
            position: 1,
            id: EXAMPLE_ID,
            chat: '5511999990002@s.whatsapp.net',
            to: EXAMPLE_TO,
            type: 'text',
            status: 'scheduled',
            waitsFor: 'time',
            notBefore: '2026-01-06T10:00:00.000Z',
            createdAt: '2026-01-05T10:16:00.000Z',
          },
        ],
      },
    ],
  })
type Queue = z.infer<typeof Queue>
type QueuedMessage = z.infer<typeof QueuedMessage>

const MINUTE_MS = 60_000
const gapOf = (perMinute: number | undefined): number => (perMinute === undefined ? 0 : MINUTE_MS / perMinute)

/**
 * @param rows the first ones of the queue, in its order
 * @param now Unix milliseconds
 */
export function queueView(
  rows: MessageRow[],
  count: number,
  { state, reason, message }: Pick<Session, 'state' | 'reason' | 'message'>,
  limits: Pick<Limits, 'messagesPerMinute' | 'messagesPerMinutePerChat'>,
  now: number,
): Queue {
  const isOnline = state === 'Connected' || state === 'Degraded'
  const gaps = { session: gapOf(limits.messagesPerMinute), chat: gapOf(limits.messagesPerMinutePerChat) }
  let ahead = 0
  const aheadInChat = new Map<string, number>()
  const data = rows.map((row, index): QueuedMessage => {
    const status = shownStatus(row)
    const inChat = aheadInChat.get(row.chat) ?? 0
    const paceMs = Math.max(ahead * gaps.session, inChat * gaps.chat)
    const waitsFor = reasonOf(status, isOnline, paceMs)
    if (status === 'queued') {
      ahead++
      aheadInChat.set(row.chat, inChat + 1)
    }
    const notBefore = waitsFor === 'time' ? row.send_at! : waitsFor === 'pace' ? new Date(now + paceMs) : undefined
    return {
      position: index + 1,
      id: row.id,
      chat: row.chat,
      to: recipientOf(row.chat),
      type: row.type,
      status,
      waitsFor,
      ...(notBefore && { notBefore: notBefore.toISOString() }),
      ...(row.expires_at && { expiresAt: row.expires_at.toISOString() }),
      createdAt: row.created_at.toISOString(),
    }
  })
  return { count, session: { state, ...(reason && { reason }), ...(message && { message }) }, data }
}

function reasonOf(status: MessageStatus, isOnline: boolean, paceMs: number): QueuedMessage['waitsFor'] {
  if (status === 'scheduled') return 'time'
  if (!isOnline) return 'session'
  if (status === 'sending') return 'confirmation'
  return paceMs > 0 ? 'pace' : 'turn'
}
