/** API keys of tenants, as the operator's role may make, see and revoke them. */
import { createApiKey } from '@berth/core/crypto/api-key.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { db, run } from '@berth/core/postgres/tables.ts'
import { CliError } from './error.ts'
import { PROGRAM } from './program.ts'

export interface ApiKey {
  id: string
  name: string
  /** The last characters of the key. */
  hint: string
  created_at: Date
  revoked_at: Date | null
}

/** The key itself is in the answer and nowhere else. Throws CliError. */
export async function createKey(pool: Pool, tenant: string, name: string): Promise<{ id: string; key: string }> {
  const tenantId = await tenantIdOf(pool, tenant)
  const { key, hash, hint } = createApiKey()
  const row = { tenant_id: tenantId, name, hash, hint }
  const [created] = await run(pool, db.insertInto('api_key').values(row).returning('id'))
  return { id: created!.id, key }
}

/** All that a tenant ever had, the oldest first. Throws CliError. */
export async function listKeys(pool: Pool, tenant: string): Promise<ApiKey[]> {
  const query = db
    .selectFrom('api_key')
    .select(['id', 'name', 'hint', 'created_at', 'revoked_at'])
    .where('tenant_id', '=', await tenantIdOf(pool, tenant))
    .orderBy('created_at')
  return run(pool, query)
}

/** False when it had been revoked before. Throws CliError when there is none. */
export async function revokeKey(pool: Pool, id: string): Promise<boolean> {
  const revoke = db.updateTable('api_key').set({ revoked_at: new Date() }).where('id', '=', id)
  const revoked = await run(pool, revoke.where('revoked_at', 'is', null).returning('id'))
  if (revoked.length > 0) return true
  const known = await run(pool, db.selectFrom('api_key').select('id').where('id', '=', id))
  if (known.length > 0) return false
  throw new CliError(`There is no key with the id ${id}. See ${PROGRAM} keys list TENANT`)
}

async function tenantIdOf(pool: Pool, name: string): Promise<string> {
  const query = db.selectFrom('tenant').select('id').where('name', '=', name).where('deleted_at', 'is', null)
  const [tenant] = await run(pool, query)
  if (tenant) return tenant.id
  throw new CliError(
    `There is no tenant "${name}" in the database. If you have just applied it, try again in a moment; ` +
      `see ${PROGRAM} get tenants`,
  )
}
