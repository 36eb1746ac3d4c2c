/** Automatic replies: of one session, or of all of a tenant that have none of their own. */
import { db } from '@berth/core/postgres/tables.ts'
import type { Database } from './database.ts'

const columns = ['strategy', 'settings', 'updated_at'] as const

export interface Whose {
  tenantId: string
  /** undefined: of all sessions. */
  sessionId: string | undefined
}

export interface AutoReplyRow {
  strategy: string
  settings: unknown
  updated_at: Date
}

export async function findAutoReply(
  database: Database,
  { tenantId, sessionId }: Whose,
): Promise<AutoReplyRow | undefined> {
  const query = db.selectFrom('auto_reply').select(columns)
  const [row] = await database.query(
    tenantId,
    sessionId === undefined ? query.where('session_id', 'is', null) : query.where('session_id', '=', sessionId),
  )
  return row
}

/** Takes the place of the one before. */
export async function putAutoReply(
  database: Database,
  { tenantId, sessionId }: Whose,
  { strategy, settings }: { strategy: string; settings: object },
): Promise<AutoReplyRow> {
  const given = { strategy, settings: JSON.stringify(settings) }
  const [row] = await database.query(
    tenantId,
    db
      .insertInto('auto_reply')
      .values({ tenant_id: tenantId, session_id: sessionId ?? null, ...given })
      .onConflict((conflict) =>
        conflict.columns(['tenant_id', 'session_id']).doUpdateSet({ ...given, updated_at: new Date() }),
      )
      .returning(columns),
  )
  return row!
}

/** False: there was none. */
export async function deleteAutoReply(database: Database, { tenantId, sessionId }: Whose): Promise<boolean> {
  const query = db.deleteFrom('auto_reply').returning('id')
  const rows = await database.query(
    tenantId,
    sessionId === undefined ? query.where('session_id', 'is', null) : query.where('session_id', '=', sessionId),
  )
  return rows.length > 0
}
