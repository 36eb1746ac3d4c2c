/** Events as the gateway reads them (migrations 0009, 0012): below the oldest running transaction, so that nothing comes in between. */
import { sql } from 'kysely'
import { db } from './tables.ts'

/** Where in a tenant's events one stands. */
export interface EventPosition {
  /** A number as text. */
  xid: string
  number: number
}

export interface EventFilter {
  /** Else those of all of the tenant's sessions, and of none. */
  sessionId?: string
  /** The first ones come behind it. */
  after?: EventPosition
  limit: number
}

/** An event and the message that it is about, as a row in JSON; null: the event says it all, or the message was erased. */
export interface ToldEvent {
  id: string
  /** null: of the tenant and of none of its sessions, as is `seq`. */
  session_id: string | null
  session: string | null
  seq: number | null
  type: string
  data: unknown
  occurred_at: Date
  message: unknown
}

/** Of which the message itself is told. */
const WITH_MESSAGE = ['message.received', 'message.sent_by_phone', 'message.updated']

/** Oldest first. */
export function eventsBehind({ sessionId, after, limit }: EventFilter) {
  let query = db
    .selectFrom('event as e')
    .leftJoin('session as s', 's.id', 'e.session_id')
    .leftJoin('message as m', (join) =>
      join.on(sql<boolean>`m.id = (e.data ->> 'messageId')::uuid`).on('e.type', 'in', WITH_MESSAGE),
    )
    .where(sql<boolean>`e.xid < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('e.xid')
    .orderBy('e.number')
    .limit(limit)
    .select(['e.id', 'e.session_id', 's.name as session', 'e.seq', 'e.type', 'e.data', 'e.occurred_at', 'e.xid'])
    .select(['e.number', sql<unknown>`to_jsonb(m)`.as('message')])
  if (sessionId !== undefined) query = query.where('e.session_id', '=', sessionId)
  if (after) query = query.where(sql<boolean>`(e.xid, e.number) > (${after.xid}::xid8, ${after.number}::bigint)`)
  return query
}

export type EventRow = ToldEvent & EventPosition

export const positionOfEvent = (id: string) => db.selectFrom('event').where('id', '=', id).select(['xid', 'number'])

/** Where the events end now: all that can be read already is before it. */
export const endOfEvents = () =>
  db.selectNoFrom([
    sql<string>`pg_snapshot_xmin(pg_current_snapshot())::text`.as('xid'),
    sql<number>`0::bigint`.as('number'),
  ])
