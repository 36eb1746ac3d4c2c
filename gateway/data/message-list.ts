/** Messages of one session or of several, found by what they are and what they say. */
import { hasStatus, isInChat, saysWords } from '@berth/core/postgres/message-search.ts'
import { db } from '@berth/core/postgres/tables.ts'
import type { Database } from './database.ts'
import { columns, type MessageFilter, type MessageRow } from './messages.ts'

export type ListedRow = MessageRow & { session_id: string }

/** Newest first; each session gives the newest of its own, and of these come the newest. */
export async function listMessages(
  database: Database,
  tenantId: string,
  sessionIds: string[],
  filter: MessageFilter,
): Promise<ListedRow[]> {
  if (sessionIds.length === 0) return []
  const newest = db
    .selectFrom('session as s')
    .innerJoinLateral(
      (of) => {
        let query = of
          .selectFrom('message as m')
          .whereRef('m.session_id', '=', 's.id')
          .orderBy('m.number', 'desc')
          .limit(filter.limit)
          .select('m.id')
        const { chat, fromMe, type, search, status, after, before, below } = filter
        if (chat !== undefined) query = query.where(isInChat(chat))
        if (fromMe !== undefined) query = query.where('m.from_me', '=', fromMe)
        if (type !== undefined) query = query.where('m.type', '=', type)
        if (search !== undefined) query = query.where(saysWords(sessionIds, search, below))
        if (status) query = query.where(hasStatus(status))
        if (after) query = query.where('m.created_at', '>', after)
        if (before) query = query.where('m.created_at', '<', before)
        if (below !== undefined) query = query.where('m.number', '<', below)
        return query.as('n')
      },
      (join) => join.onTrue(),
    )
    .where('s.id', 'in', sessionIds)
    .select('n.id')
  const query = db.selectFrom('message').where('id', 'in', newest).orderBy('number', 'desc').limit(filter.limit)
  return database.query(tenantId, query.select(columns).select('session_id'))
}

/** Of one session, oldest first. @param above only messages with a higher number */
export function messagesAbove(
  database: Database,
  { tenantId, sessionId }: { tenantId: string; sessionId: string },
  above: number | undefined,
  limit: number,
): Promise<MessageRow[]> {
  const query = db.selectFrom('message').select(columns).where('session_id', '=', sessionId)
  const rest = above === undefined ? query : query.where('number', '>', above)
  return database.query(tenantId, rest.orderBy('number').limit(limit))
}
