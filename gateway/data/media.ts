/** Media: the gateway adds and removes uploaded ones; the owner of a session fetches received ones. */
import { db } from '@berth/core/postgres/tables.ts'
import type { Database } from './database.ts'

const columns = [
  'id',
  'status',
  'mime_type',
  'file_name',
  'size',
  'sha256',
  'error_message',
  'created_at',
  'message_id',
] as const

const view = () => db.selectFrom('media').select(columns)
export type MediaRow = Awaited<ReturnType<ReturnType<typeof view>['execute']>>[number]

/** Before the first byte is stored. */
export async function insertUpload(
  database: Database,
  { tenantId, id, fileName }: { tenantId: string; id: string; fileName: string | undefined },
): Promise<void> {
  await database.query(
    tenantId,
    db.insertInto('media').values({
      id,
      tenant_id: tenantId,
      status: 'pending',
      mime_type: 'application/octet-stream',
      file_name: fileName ?? null,
    }),
  )
}

/** After the last one. undefined: it was deleted meanwhile. */
export async function finishUpload(
  database: Database,
  tenantId: string,
  id: string,
  { mimeType, size, sha256 }: { mimeType: string; size: number; sha256: Buffer },
): Promise<MediaRow | undefined> {
  const [row] = await database.query(
    tenantId,
    db
      .updateTable('media')
      .set({ status: 'stored', mime_type: mimeType, size, sha256, stored_at: new Date() })
      .where('id', '=', id)
      .returning(columns),
  )
  return row
}

export async function findMedia(database: Database, tenantId: string, id: string): Promise<MediaRow | undefined> {
  const [row] = await database.query(tenantId, view().where('id', '=', id))
  return row
}

/** False: there is none. Its bytes go a little later. */
export async function deleteMedia(database: Database, tenantId: string, id: string): Promise<boolean> {
  const rows = await database.query(tenantId, db.deleteFrom('media').where('id', '=', id).returning('id'))
  return rows.length > 0
}
