/** Events as customers get them: the schema, and the row in its shape. Webhooks will carry the same. */
import type { EventRow } from '@berth/core/postgres/events.ts'
import { z } from 'zod'
import { SessionState } from './schemas.ts'

const SessionStateData = z
  .object({
    state: SessionState,
    reason: z.string().optional().describe('One word for programs: why it is so'),
    message: z.string().optional().describe('Why it is so, and what to do'),
    phoneNumber: z.string().optional().describe('The linked phone, as +5511999990001'),
  })
  .meta({ id: 'SessionStateData' })

export const FeedEvent = z
  .object({
    id: z.uuid().describe('Stays the same, however often the event is read'),
    session: z.string().describe('The name of the session'),
    seq: z.int().min(1).describe("Counts the session's events, without a gap"),
    type: z.enum(['session.state']).describe('session.state: what the session is doing has changed'),
    occurredAt: z.iso.datetime().describe('When it was stored'),
    data: SessionStateData,
  })
  .meta({
    id: 'FeedEvent',
    examples: [
      {
        id: '0c9d2f6e-1b1f-4c57-8d0f-6a1f0e9d7b21',
        session: 'support',
        seq: 7,
        type: 'session.state',
        occurredAt: '2026-01-05T10:15:00.000Z',
        data: {
          state: 'LoggedOut',
          reason: 'LoggedOut',
          message: 'The phone removed this linked device, or it was logged out. Link it again.',
          phoneNumber: '+5511999990001',
        },
      },
    ],
  })
export type FeedEvent = z.infer<typeof FeedEvent>

/** The database's own trigger wrote it, by the types above. */
export const eventView = ({ id, session, seq, type, data, occurred_at }: EventRow): FeedEvent => ({
  id,
  session,
  seq,
  type: type as FeedEvent['type'],
  occurredAt: occurred_at.toISOString(),
  data: data as FeedEvent['data'],
})
