/** API keys, as the database knows them. */
import type { Caller } from '../auth.ts'
import type { Database } from './database.ts'

interface Row {
  key_id: string
  tenant_id: string
  tenant_name: string
  tenant_state: 'Active' | 'Suspended'
  tier: string
}

/** Whose key this is; undefined when there is none of that hash, or it was revoked. */
export async function findCaller(database: Database, hash: Buffer): Promise<Caller | undefined> {
  const [row] = await database.call<Row>('SELECT * FROM api_key_owner($1)', [hash])
  if (!row) return undefined
  return {
    keyId: row.key_id,
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    suspended: row.tenant_state === 'Suspended',
    tier: row.tier,
  }
}
