/**
 * API keys of tenants, in the installation's database, as the operator's role may make, see and revoke them.
 * Imported when needed only: Kysely and pg take as long to load as everything else together.
 */
import { addApiKey, findTenantId } from '@berth/core/postgres/api-keys.ts'
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

/** Every method throws CliError where something is not there. */
export class ApiKeys {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** The key itself is in the answer and nowhere else. */
  async create(tenant: string, name: string): Promise<{ id: string; key: string }> {
    return addApiKey(this.#pool, await this.#tenantId(tenant), name)
  }

  /** All that a tenant ever had, the oldest first. */
  async list(tenant: string): Promise<ApiKey[]> {
    const query = db
      .selectFrom('api_key')
      .select(['id', 'name', 'hint', 'created_at', 'revoked_at'])
      .where('tenant_id', '=', await this.#tenantId(tenant))
      .orderBy('created_at')
    return run(this.#pool, query)
  }

  /** False when it had been revoked before. */
  async revoke(id: string): Promise<boolean> {
    const revoke = db.updateTable('api_key').set({ revoked_at: new Date() }).where('id', '=', id)
    const revoked = await run(this.#pool, revoke.where('revoked_at', 'is', null).returning('id'))
    if (revoked.length > 0) return true
    const known = await run(this.#pool, db.selectFrom('api_key').select('id').where('id', '=', id))
    if (known.length > 0) return false
    throw new CliError(`There is no key with the id ${id}. See ${PROGRAM} keys list TENANT`)
  }

  async #tenantId(name: string): Promise<string> {
    const id = await findTenantId(this.#pool, name)
    if (id) return id
    throw new CliError(
      `There is no tenant "${name}" in the database. If you have just applied it, try again in a moment; ` +
        `see ${PROGRAM} get tenants`,
    )
  }
}
