/** The tables of the mirror, in Postgres: each write is one transaction with the check that the operator still leads. */
import { EPOCHS } from '@berth/core/ownership/database.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { MirrorContent, MirrorTables, TenantRow } from './database.ts'
import type { SessionRow } from './session-row.ts'

/** In the order of the statements' parameters. */
const tenantFields = ['id', 'name', 'tier', 'displayName', 'state', 'resourceUid'] as const
const sessionFields = ['id', 'tenantId', 'name', 'resourceName', 'resourceUid', 'provider', 'desiredState'] as const

const SESSIONS = `SELECT id, tenant_id AS "tenantId", name, resource_name AS "resourceName", resource_uid AS "resourceUid",
  provider, desired_state AS "desiredState", deleted_at IS NOT NULL AS deleted FROM session`

const OBSTACLES = 'SELECT id, obstacle FROM session WHERE obstacle IS NOT NULL'

const TENANTS = `SELECT id, name, tier, display_name AS "displayName", state, resource_uid AS "resourceUid",
  deleted_at IS NOT NULL AS deleted FROM tenant`

/** Writes, if this is still the lead. */
type Write = (text: string, values: unknown[]) => Promise<unknown>

export class PostgresMirrorTables implements MirrorTables {
  readonly #pool: Pool
  readonly #write: Write

  constructor(pool: Pool, write: Write) {
    this.#pool = pool
    this.#write = write
  }

  async load(): Promise<MirrorContent> {
    const { rows } = await this.#pool.query<{ id: string }>('SELECT id FROM installation')
    const [tenants, sessions, obstacles] = await Promise.all([
      this.#pool.query<TenantRow>(TENANTS),
      this.#pool.query<SessionRow>(SESSIONS),
      this.#pool.query<{ id: string; obstacle: string }>(OBSTACLES),
    ])
    return {
      installation: rows[0]!.id,
      tenants: tenants.rows,
      sessions: sessions.rows,
      obstacles: obstacles.rows,
    }
  }

  async writeTier(name: string, spec: string): Promise<void> {
    await this.#write(
      `INSERT INTO tier (name, spec) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, updated_at = now() WHERE tier.spec <> excluded.spec`,
      [name, spec],
    )
  }

  async removeTier(name: string): Promise<void> {
    await this.#write('DELETE FROM tier WHERE name = $1', [name])
  }

  async writeTenants(rows: readonly TenantRow[]): Promise<void> {
    await this.#write(
      `INSERT INTO tenant (id, name, tier, display_name, state, resource_uid)
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[])
       ON CONFLICT (id) DO UPDATE SET tier = excluded.tier, display_name = excluded.display_name,
         state = excluded.state, resource_uid = excluded.resource_uid, deleted_at = NULL`,
      tenantFields.map((field) => rows.map((row) => row[field])),
    )
  }

  async removeTenant(id: string): Promise<void> {
    await this.#write('UPDATE api_key SET revoked_at = now() WHERE tenant_id = $1 AND revoked_at IS NULL', [id])
    await this.#write(
      `WITH gone AS (DELETE FROM tenant t WHERE id = $1 AND NOT EXISTS (SELECT FROM session s WHERE s.tenant_id = t.id))
       UPDATE tenant t SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL
         AND EXISTS (SELECT FROM session s WHERE s.tenant_id = t.id)`,
      [id],
    )
  }

  async insertSessions(rows: readonly SessionRow[]): Promise<void> {
    await this.#write(
      `WITH made AS (
         INSERT INTO session (id, tenant_id, name, resource_name, resource_uid, provider, desired_state)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
         RETURNING id, tenant_id)
       INSERT INTO session_owner (session_id, tenant_id, epoch)
       SELECT made.id, tenant_id, CASE WHEN incarnation > 1 THEN incarnation * $8::bigint ELSE 0 END FROM made, database_trust`,
      [...sessionFields.map((field) => rows.map((row) => row[field])), EPOCHS],
    )
  }

  async updateSession(row: SessionRow): Promise<void> {
    await this.#write(
      `UPDATE session SET name = $3, resource_name = $4, resource_uid = $5, provider = $6, desired_state = $7,
         deleted_at = NULL WHERE id = $1 AND tenant_id = $2`,
      sessionFields.map((field) => row[field]),
    )
  }

  async writeObstacle(sessionId: string, obstacle: string | undefined): Promise<void> {
    await this.#write('UPDATE session SET obstacle = $2 WHERE id = $1', [sessionId, obstacle ?? null])
  }

  async eraseSession({ id, resourceUid }: SessionRow): Promise<void> {
    await this.#write('DELETE FROM session WHERE id = $1 AND resource_uid = $2 AND deleted_at IS NULL', [
      id,
      resourceUid,
    ])
  }

  async retainSession({ id, resourceUid }: SessionRow): Promise<void> {
    await this.#write('UPDATE session SET deleted_at = now() WHERE id = $1 AND resource_uid = $2', [id, resourceUid])
  }
}
