/** Commands: things to be done on a session, written before they are done. */
import type { ReadInput } from '@berth/core/model/command.ts'
import { db } from '@berth/core/postgres/tables.ts'
import type { Database } from './database.ts'
import { uuidV7 } from './uuid.ts'

const columns = ['id', 'kind', 'status', 'error_message', 'created_at', 'finished_at'] as const
const view = () => db.selectFrom('command').select(columns)

export type CommandRow = Awaited<ReturnType<ReturnType<typeof view>['execute']>>[number]

/** The open logout of the session: one that waits already, or a new one. */
export async function requestLogout(database: Database, tenantId: string, sessionId: string): Promise<CommandRow> {
  const open = view().where('session_id', '=', sessionId).where('kind', '=', 'logout').where('status', '=', 'queued')
  const [waiting] = await database.query(tenantId, open.orderBy('number').limit(1))
  if (waiting) return waiting
  const [added] = await database.query(
    tenantId,
    db
      .insertInto('command')
      .values({ id: uuidV7(Date.now()), tenant_id: tenantId, session_id: sessionId, kind: 'logout' })
      .returning(columns),
  )
  return added!
}

/** To be told to WhatsApp; what was asked for before does not matter, since telling it twice changes nothing. */
export async function requestRead(
  database: Database,
  tenantId: string,
  sessionId: string,
  input: ReadInput,
): Promise<CommandRow> {
  const [added] = await database.query(
    tenantId,
    db
      .insertInto('command')
      .values({
        id: uuidV7(Date.now()),
        tenant_id: tenantId,
        session_id: sessionId,
        kind: 'read',
        input: JSON.stringify(input),
      })
      .returning(columns),
  )
  return added!
}

export async function findCommand(
  database: Database,
  { tenantId, sessionId, id }: { tenantId: string; sessionId: string; id: string },
): Promise<CommandRow | undefined> {
  const [row] = await database.query(tenantId, view().where('session_id', '=', sessionId).where('id', '=', id))
  return row
}
