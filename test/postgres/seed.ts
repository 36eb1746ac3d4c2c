/** Rows as the operator would write them. */
import { randomUUID } from 'node:crypto'
import type { Pool } from '@berth/core/postgres/pool.ts'

export interface SeededSession {
  tenantId: string
  sessionId: string
}

/** A tenant (a new one, or one seeded before) with one more session. `operator` is a pool of that role. */
export async function seedSession(
  operator: Pool,
  { tenant, name = 'support', provider = 'Baileys' }: { tenant: string; name?: string; provider?: string },
): Promise<SeededSession> {
  const { rows } = await operator.query<{ id: string }>(
    `INSERT INTO tenant (id, name, tier, state, resource_uid) VALUES ($1, $2, 'pro', 'Active', $1)
     ON CONFLICT (name) DO UPDATE SET state = 'Active' RETURNING id`,
    [randomUUID(), tenant],
  )
  const tenantId = rows[0]!.id
  const sessionId = randomUUID()
  await operator.query(
    `INSERT INTO session (id, tenant_id, name, resource_name, resource_uid, provider, desired_state)
     VALUES ($1, $2, $3, $4, $1, $5, 'Running')`,
    [sessionId, tenantId, name, `${tenant}.${name}`, provider],
  )
  await operator.query('INSERT INTO session_owner (session_id, tenant_id) VALUES ($1, $2)', [sessionId, tenantId])
  return { tenantId, sessionId }
}
