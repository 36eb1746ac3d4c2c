/** Whom an account has had to do with lately, as its messages tell. */
import { sql } from 'kysely'
import { db } from './tables.ts'

/** The newest messages of a session that are looked at: what an index gives in some milliseconds. */
export const MESSAGES_LOOKED_AT = 10_000

export interface ContactFilter {
  sessionId: string
  limit: number
  /** The page goes on after this id. */
  after?: string
  /** Only this one. */
  id?: string
}

/** People, not groups, in the order of their ids: how WhatsApp writes their number, or their LID where that is all we know. */
export function contactsOf({ sessionId, limit, after, id }: ContactFilter) {
  const newest = db
    .selectFrom('message')
    .where('session_id', '=', sessionId)
    .orderBy('number', 'desc')
    .limit(MESSAGES_LOOKED_AT)
    .select(['number', 'created_at'])
    .select([
      sql<string>`CASE WHEN from_me THEN chat
        WHEN sender_phone IS NOT NULL THEN substr(sender_phone, 2) || '@s.whatsapp.net'
        ELSE sender_lid END`.as('id'),
      sql<string | null>`CASE WHEN NOT from_me THEN sender_lid END`.as('lid'),
      sql<string | null>`CASE WHEN NOT from_me THEN sender_name END`.as('name'),
    ])
  let people = db
    .selectFrom(newest.as('seen'))
    .where('id', 'is not', null)
    .where('id', 'not like', '%@g.us')
    .groupBy('id')
    .orderBy('id')
    .limit(limit)
    .select((select) => [
      'id',
      select.fn.max('lid').as('lid'),
      select.fn.max('created_at').as('last_message_at'),
      sql<string | null>`(array_agg(name ORDER BY number DESC) FILTER (WHERE name IS NOT NULL))[1]`.as('name'),
    ])
  if (after !== undefined) people = people.where('id', '>', after)
  if (id !== undefined) people = people.where('id', '=', id)
  return people
}

export type ContactRow = Awaited<ReturnType<ReturnType<typeof contactsOf>['execute']>>[number]
