/** Acts under a name of the caller's own: each is begun at most once. */
import { createHash } from 'node:crypto'
import { db } from '@berth/core/postgres/tables.ts'
import type { Database } from './database.ts'

export interface NamedAct {
  tenantId: string
  sessionId: string
  idempotencyKey: string
  /** What was asked for. */
  body: unknown
}

const hashOf = (body: unknown): Buffer => createHash('sha256').update(JSON.stringify(body)).digest()

/** True: it is new, and may begin. The operator forgets names after a day. */
export async function beginAct(database: Database, act: NamedAct): Promise<boolean> {
  const { tenantId, sessionId, idempotencyKey, body } = act
  const rows = await database.query(
    tenantId,
    db
      .insertInto('idempotent_act')
      .values({
        session_id: sessionId,
        idempotency_key: idempotencyKey,
        tenant_id: tenantId,
        request_hash: hashOf(body),
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('session_id'),
  )
  return rows.length > 0
}

/** One that was begun before, with its answer when there is one; undefined: it came to nothing a moment ago. */
export async function findAct(
  database: Database,
  { tenantId, sessionId, idempotencyKey, body }: NamedAct,
): Promise<{ isSame: boolean; answer: unknown } | undefined> {
  const [row] = await database.query(
    tenantId,
    db
      .selectFrom('idempotent_act')
      .select(['request_hash', 'answer'])
      .where('session_id', '=', sessionId)
      .where('idempotency_key', '=', idempotencyKey),
  )
  return row && { isSame: row.request_hash.equals(hashOf(body)), answer: row.answer }
}

export async function endAct(
  database: Database,
  { tenantId, sessionId, idempotencyKey }: NamedAct,
  answer: unknown,
): Promise<void> {
  await database.query(
    tenantId,
    db
      .updateTable('idempotent_act')
      .set({ answer: JSON.stringify(answer) })
      .where('session_id', '=', sessionId)
      .where('idempotency_key', '=', idempotencyKey)
      .returning('session_id'),
  )
}

/** It was not done: it may be begun again under the same name. */
export async function forgetAct(database: Database, { tenantId, sessionId, idempotencyKey }: NamedAct): Promise<void> {
  await database.query(
    tenantId,
    db
      .deleteFrom('idempotent_act')
      .where('session_id', '=', sessionId)
      .where('idempotency_key', '=', idempotencyKey)
      .returning('session_id'),
  )
}
