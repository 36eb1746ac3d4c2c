/** The queue of messages to be sent, as an owner reads and moves it on (migration 0014). */
import type pg from 'pg'
import type { MessageStatus } from './tables.ts'

type Queryable = Pick<pg.Pool, 'query'>

export interface SendRow {
  session_id: string
  id: string
  /** Its place in the queue. */
  number: number
  chat: string
  whatsapp_id: string
  type: string
  content: unknown
  status: Extract<MessageStatus, 'queued' | 'sending'>
}

export interface SendsWanted {
  /** At most so many of a session, and of one chat. */
  limit: number
  chatLimit?: number
  /** By session: chats of which no more are wanted. */
  skip?: Record<string, string[]>
}

/** Open sends whose time has come, in their order. Answers for sessions that the boot owns. */
export const loadSends = async (
  db: Queryable,
  bootId: string,
  sessionIds: string[],
  { limit, chatLimit = limit, skip = {} }: SendsWanted,
): Promise<SendRow[]> =>
  (
    await db.query<SendRow>('SELECT * FROM load_sends($1, $2, $3, $4, $5)', [
      bootId,
      sessionIds,
      limit,
      chatLimit,
      JSON.stringify(skip),
    ])
  ).rows

/** A message that is about to be handed over, and the claim under which. */
export interface Taking {
  sessionId: string
  epoch: number
  id: string
}

/** Marks messages as sending; answers those that may go. Can be repeated. */
export async function takeSends(db: Queryable, bootId: string, wanted: Taking[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>('SELECT take_sends($1, $2, $3, $4) AS id', [
    bootId,
    wanted.map(({ sessionId }) => sessionId),
    wanted.map(({ epoch }) => epoch),
    wanted.map(({ id }) => id),
  ])
  return new Set(rows.map(({ id }) => id))
}

/** How fast the messages of a session may go, by its tier; undefined: as fast as they come. */
export interface PaceRow {
  perMinute: number | undefined
  perMinuteToChat: number | undefined
}

export async function loadPaces(db: Queryable, bootId: string, sessionIds: string[]): Promise<Map<string, PaceRow>> {
  const { rows } = await db.query<{ session_id: string; per_minute: number | null; per_minute_to_chat: number | null }>(
    'SELECT * FROM load_paces($1, $2)',
    [bootId, sessionIds],
  )
  return new Map(
    rows.map(({ session_id, per_minute, per_minute_to_chat }) => [
      session_id,
      { perMinute: per_minute ?? undefined, perMinuteToChat: per_minute_to_chat ?? undefined },
    ]),
  )
}

/** What the time does to all messages that wait, of whatever session; once a second is enough. Answers how many moved on. */
export async function advanceSends(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>('SELECT advance_sends() AS count')
  return rows[0]!.count
}
