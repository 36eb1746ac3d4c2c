/** Contacts and conversations as the gateway reads them (migration 0013). */
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { db, type Tables } from './tables.ts'

/** The chat with the person of an address, in a session: of a LID whose number is known, the number's. */
export const knownChat = (sessionId: string | Expression<string>, address: string) =>
  sql<string>`coalesce((SELECT known.id FROM contact known WHERE known.session_id = (${sessionId})::uuid
    AND known.lid = ${address}::text AND known.id <> known.lid ORDER BY known.created_at DESC, known.id LIMIT 1), ${address}::text)`

export interface ContactFilter {
  sessionId: string
  limit: number
  /** The page goes on after this id. */
  after?: string
  /** Only this one: any address of theirs. */
  address?: string
  /** Part of a name, or of a phone number as digits. */
  search?: string
}

/** What a contact is called: by the account, by WhatsApp, by themselves. */
const NAME = sql<string | null>`coalesce(k.saved_name, k.verified_name, k.push_name)`

/** Every occurrence of a text; its % and _ stand for themselves. */
const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`

/** In the order of their ids. */
export function contactsOf({ sessionId, limit, after, address, search }: ContactFilter) {
  let query = db
    .selectFrom('contact as k')
    .where('k.session_id', '=', sessionId)
    .orderBy('k.id')
    .limit(limit)
    .leftJoin('conversation as c', (join) =>
      join.onRef('c.session_id', '=', 'k.session_id').onRef('c.chat', '=', 'k.id'),
    )
    .select(['k.id', 'k.lid', 'k.push_name', 'k.saved_name', 'k.verified_name', NAME.as('name')])
    .select(sql<Date>`greatest(k.last_message_at, c.last_at)`.as('last_message_at'))
  if (after !== undefined) query = query.where('k.id', '>', after)
  if (address !== undefined) query = query.where('k.id', '=', knownChat(sessionId, address))
  if (search !== undefined) query = query.where((where) => where.or(matches(where, search)))
  return query
}

function matches(
  where: ExpressionBuilder<Tables & { k: Tables['contact'] }, 'k'>,
  search: string,
): Expression<SqlBool>[] {
  const names = (['k.saved_name', 'k.verified_name', 'k.push_name'] as const).map((name) =>
    where(name, 'ilike', containing(search)),
  )
  const digits = search.replace(/^\+/, '')
  return /^\d+$/.test(digits) ? [...names, where('k.id', 'like', containing(digits))] : names
}

export type ContactRow = Awaited<ReturnType<ReturnType<typeof contactsOf>['execute']>>[number]

/** Where in the conversations of a session one stands. */
export interface ConversationPosition {
  /** Microseconds since 1970. */
  at: number
  chat: string
}

export interface ConversationFilter {
  sessionId: string
  limit: number
  /** The page goes on behind it. */
  after?: ConversationPosition
  /** Only this one: any address of a person. */
  address?: string
  unread?: boolean
  archived?: boolean
  /** Only those of groups, or only those of people. */
  group?: boolean
}

/** The latest first. */
export function conversationsOf({ sessionId, limit, after, address, unread, archived, group }: ConversationFilter) {
  let query = db
    .selectFrom('conversation as c')
    .leftJoin('contact as k', (join) => join.onRef('k.session_id', '=', 'c.session_id').onRef('k.id', '=', 'c.chat'))
    .where('c.session_id', '=', sessionId)
    .orderBy('c.last_at', 'desc')
    .orderBy('c.chat', 'desc')
    .limit(limit)
    .select(['c.chat', 'c.last_at', 'c.inbound_at', 'c.unread', 'c.archived', 'c.pinned_at', 'c.muted_until', 'k.lid'])
    .select([
      sql<string | null>`coalesce(c.name, ${NAME})`.as('name'),
      sql<number>`(extract(epoch FROM c.last_at) * 1000000)::bigint`.as('position'),
      // chat <> '' : see the index in migration 0013.
      sql<
        string | null
      >`(SELECT m.id FROM message m WHERE m.session_id = c.session_id AND m.chat = c.chat AND m.chat <> ''
        AND m.target IS NULL ORDER BY m.number DESC LIMIT 1)`.as('last_message_id'),
    ])
  if (after) {
    query = query.where(
      sql<boolean>`(c.last_at, c.chat) < ('epoch'::timestamptz + ${after.at}::float8 * interval '1 microsecond', ${after.chat}::text)`,
    )
  }
  if (address !== undefined) query = query.where('c.chat', '=', knownChat(sessionId, address))
  if (unread !== undefined) query = query.where('c.unread', unread ? '>' : '=', 0)
  if (archived !== undefined) query = query.where('c.archived', '=', archived)
  if (group !== undefined) query = query.where('c.chat', group ? 'like' : 'not like', '%@g.us')
  return query
}

export type ConversationRow = Awaited<ReturnType<ReturnType<typeof conversationsOf>['execute']>>[number]

/** Erases a person, a part of their messages at a time: how many there were; null: nothing is known of them. */
export const erasure = (sessionId: string, address: string, limit: number) =>
  db.selectNoFrom(sql<number | null>`erase_contact(${sessionId}::uuid, ${address}::text, ${limit}::int)`.as('erased'))
