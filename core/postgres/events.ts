/** Events as the gateway reads them (migration 0009): below the oldest running transaction, so that nothing comes in between. */
import { sql } from 'kysely'
import { db } from './tables.ts'

/** Where in a tenant's events one stands. */
export interface EventPosition {
  /** A number as text. */
  xid: string
  number: number
}

export interface EventFilter {
  /** Else those of all of the tenant's sessions. */
  sessionId?: string
  /** The first ones come behind it. */
  after?: EventPosition
  limit: number
}

/** Oldest first. */
export function eventsBehind({ sessionId, after, limit }: EventFilter) {
  let query = db
    .selectFrom('event as e')
    .innerJoin('session as s', 's.id', 'e.session_id')
    .where(sql<boolean>`e.xid < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('e.xid')
    .orderBy('e.number')
    .limit(limit)
    .select(['e.id', 's.name as session', 'e.seq', 'e.type', 'e.data', 'e.occurred_at', 'e.xid', 'e.number'])
  if (sessionId !== undefined) query = query.where('e.session_id', '=', sessionId)
  if (after) query = query.where(sql<boolean>`(e.xid, e.number) > (${after.xid}::xid8, ${after.number}::bigint)`)
  return query
}

export type EventRow = Awaited<ReturnType<ReturnType<typeof eventsBehind>['execute']>>[number]

export const positionOfEvent = (id: string) => db.selectFrom('event').where('id', '=', id).select(['xid', 'number'])
