/** API keys as the operator's role makes them. Only the hash is stored; the key itself is in the answer and nowhere else. */
import { createApiKey } from '../crypto/api-key.ts'
import type { Pool } from './pool.ts'
import { db, run } from './tables.ts'

/** The id of a tenant, once the operator has taken it up. */
export async function findTenantId(pool: Pool, name: string): Promise<string | undefined> {
  const query = db.selectFrom('tenant').select('id').where('name', '=', name).where('deleted_at', 'is', null)
  return (await run(pool, query))[0]?.id
}

export async function addApiKey(pool: Pool, tenantId: string, name: string): Promise<{ id: string; key: string }> {
  const { key, hash, hint } = createApiKey()
  const row = { tenant_id: tenantId, name, hash, hint }
  const [added] = await run(pool, db.insertInto('api_key').values(row).returning('id'))
  return { id: added!.id, key }
}
