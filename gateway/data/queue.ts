/** What waits to be sent. */
import { db } from '@berth/core/postgres/tables.ts'
import type { Target } from '../routing/owner.ts'
import type { Database } from './database.ts'
import { columns, type MessageRow } from './messages.ts'

const CANCELLED = 'cancelled'

/** What waits to be sent, in its order: what has its place in the queue, then what is scheduled. */
export function listQueue(database: Database, { tenantId, sessionId }: Target, limit: number): Promise<MessageRow[]> {
  const open = db.selectFrom('message').select(columns).where('session_id', '=', sessionId).where('settled', '=', false)
  return database.query(
    tenantId,
    open
      .orderBy('queue_number', (order) => order.asc().nullsLast())
      .orderBy('send_at')
      .orderBy('number')
      .limit(limit),
  )
}

export async function countQueue(database: Database, { tenantId, sessionId }: Target): Promise<number> {
  const open = db.selectFrom('message').where('session_id', '=', sessionId).where('settled', '=', false)
  const [row] = await database.query(
    tenantId,
    open.select(({ fn }) => fn.countAll<string>().as('count')),
  )
  return Number(row!.count)
}

/** The row afterwards; undefined: it does not wait any more, and was left as it is. */
export async function cancelMessage(
  database: Database,
  { tenantId, sessionId }: Target,
  id: string,
): Promise<MessageRow | undefined> {
  const change = { status: 'failed', error_code: CANCELLED } as const
  const changed = db.updateTable('message').set(({ fn }) => ({ ...change, status_at: fn<Date>('clock_timestamp') }))
  const waiting = changed.where('session_id', '=', sessionId).where('id', '=', id)
  const [row] = await database.query(tenantId, waiting.where('status', '=', 'queued').returning(columns))
  return row
}
