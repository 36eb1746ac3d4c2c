/**
 * The mirror of tiers, tenants and sessions in Postgres, written before anything is placed: gateway and workers know
 * resources only from there. The leader is its only writer, so what was read once and written since is what there is.
 * A leader that was deposed without knowing it writes nothing (lead.ts).
 */
import { tenantIdOf } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Reason } from '@berth/core/placement/snapshot.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Lead } from './lead.ts'
import { decideRow, type SessionRow } from './session-row.ts'

interface TenantRow {
  id: string
  name: string
  tier: string
  displayName: string | null
  state: 'Active' | 'Suspended'
  resourceUid: string
  deleted: boolean
}

/** What the mirror knows of a session resource. */
export type Mirrored = { id: string } | { blocked: Reason }

const SESSIONS = `SELECT id, tenant_id AS "tenantId", name, resource_name AS "resourceName", resource_uid AS "resourceUid",
  provider, desired_state AS "desiredState", deleted_at IS NOT NULL AS deleted FROM session`

const OBSTACLES = 'SELECT id, obstacle FROM session WHERE obstacle IS NOT NULL'

const TENANTS = `SELECT id, name, tier, display_name AS "displayName", state, resource_uid AS "resourceUid",
  deleted_at IS NOT NULL AS deleted FROM tenant`

export class Mirror {
  readonly #lead: Lead
  readonly #installation: string
  readonly #namespace: string
  /** Name → spec as JSON. */
  readonly #tiers = new Map<string, string>()
  readonly #tenants = new Map<string, TenantRow>()
  readonly #sessions = new Map<string, SessionRow>()
  /** Resource name → id, of the rows that are not deleted. */
  readonly #living = new Map<string, string>()
  /** Id of a session → why it has no place. */
  readonly #obstacles = new Map<string, string>()

  private constructor(lead: Lead, installation: string, namespace: string) {
    this.#lead = lead
    this.#installation = installation
    this.#namespace = namespace
  }

  /** Reads what there is. The lead must have been taken: nothing that another wrote comes after. */
  static async load(pool: Pool, lead: Lead, namespace: string): Promise<Mirror> {
    const { rows } = await pool.query<{ id: string }>('SELECT id FROM installation')
    const mirror = new Mirror(lead, rows[0]!.id, namespace)
    const [tenants, sessions, obstacles] = await Promise.all([
      pool.query<TenantRow>(TENANTS),
      pool.query<SessionRow>(SESSIONS),
      pool.query<{ id: string; obstacle: string }>(OBSTACLES),
    ])
    for (const row of tenants.rows) mirror.#tenants.set(row.id, row)
    for (const row of sessions.rows) mirror.#keep(row)
    for (const { id, obstacle } of obstacles.rows) mirror.#obstacles.set(id, obstacle)
    return mirror
  }

  tenantId(name: string): string {
    return tenantIdOf(this.#installation, this.#namespace, name)
  }

  /** The row that belongs to this very resource. */
  rowOf(session: WhatsAppSession): SessionRow | undefined {
    const row = this.#sessions.get(this.#living.get(session.metadata.name) ?? '')
    return row?.resourceUid === session.metadata.uid ? row : undefined
  }

  async writeTiers(tiers: readonly Tier[]): Promise<void> {
    for (const { metadata, spec } of tiers) {
      const text = JSON.stringify(spec)
      if (this.#tiers.get(metadata.name) === text) continue
      await this.#lead.write(
        `INSERT INTO tier (name, spec) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, updated_at = now() WHERE tier.spec <> excluded.spec`,
        [metadata.name, text],
      )
      this.#tiers.set(metadata.name, text)
    }
  }

  async removeTier(name: string): Promise<void> {
    await this.#lead.write('DELETE FROM tier WHERE name = $1', [name])
    this.#tiers.delete(name)
  }

  async writeTenants(tenants: readonly Tenant[]): Promise<void> {
    for (const { metadata, spec } of tenants) {
      const row: TenantRow = {
        id: this.tenantId(metadata.name),
        name: metadata.name,
        tier: spec.tier,
        displayName: spec.displayName ?? null,
        state: spec.state,
        resourceUid: metadata.uid ?? '',
        deleted: false,
      }
      const known = this.#tenants.get(row.id)
      if (known && (Object.keys(row) as (keyof TenantRow)[]).every((field) => known[field] === row[field])) continue
      await this.#lead.write(
        `INSERT INTO tenant (id, name, tier, display_name, state, resource_uid) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET tier = excluded.tier, display_name = excluded.display_name,
           state = excluded.state, resource_uid = excluded.resource_uid, deleted_at = NULL`,
        [row.id, row.name, row.tier, row.displayName, row.state, row.resourceUid],
      )
      this.#tenants.set(row.id, row)
    }
  }

  /** A tenant without sessions: its row goes, or, where data were retained, is marked and its API keys end. */
  async removeTenant(name: string): Promise<void> {
    const id = this.tenantId(name)
    await this.#lead.write('UPDATE api_key SET revoked_at = now() WHERE tenant_id = $1 AND revoked_at IS NULL', [id])
    await this.#lead.write(
      `WITH gone AS (DELETE FROM tenant t WHERE id = $1 AND NOT EXISTS (SELECT FROM session s WHERE s.tenant_id = t.id))
       UPDATE tenant t SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL
         AND EXISTS (SELECT FROM session s WHERE s.tenant_id = t.id)`,
      [id],
    )
    this.#tenants.delete(id)
  }

  /** Takes a session up, if it may have its row. Its tenant must have been written. */
  async writeSession(session: WhatsAppSession): Promise<Mirrored> {
    const tenantId = this.tenantId(session.spec.tenant)
    const rows = {
      byId: (id: string) => this.#sessions.get(id),
      living: (name: string) => this.#sessions.get(this.#living.get(name) ?? ''),
    }
    const decision = decideRow(session, tenantId, rows, {
      installation: this.#installation,
      namespace: this.#namespace,
    })
    if ('blocked' in decision) return decision
    const { row, write } = decision
    if (write === 'none') return { id: row.id }
    const values = [row.id, row.tenantId, row.name, row.resourceName, row.resourceUid, row.provider, row.desiredState]
    await this.#lead.write(
      write === 'insert'
        ? `WITH made AS (
             INSERT INTO session (id, tenant_id, name, resource_name, resource_uid, provider, desired_state)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id, tenant_id)
           INSERT INTO session_owner (session_id, tenant_id) SELECT id, tenant_id FROM made`
        : `UPDATE session SET name = $3, resource_name = $4, resource_uid = $5, provider = $6, desired_state = $7,
             deleted_at = NULL WHERE id = $1 AND tenant_id = $2`,
      values,
    )
    this.#keep(row)
    return { id: row.id }
  }

  /** Why a session has no place, in a word; undefined once it has one. */
  async writeObstacle(session: WhatsAppSession, obstacle: string | undefined): Promise<void> {
    const row = this.rowOf(session)
    if (!row || this.#obstacles.get(row.id) === obstacle) return
    await this.#lead.write('UPDATE session SET obstacle = $2 WHERE id = $1', [row.id, obstacle ?? null])
    if (obstacle) this.#obstacles.set(row.id, obstacle)
    else this.#obstacles.delete(row.id)
  }

  async eraseSession(row: SessionRow): Promise<void> {
    await this.#lead.write('DELETE FROM session WHERE id = $1 AND resource_uid = $2 AND deleted_at IS NULL', [
      row.id,
      row.resourceUid,
    ])
    this.#sessions.delete(row.id)
    this.#obstacles.delete(row.id)
    this.#living.delete(row.resourceName)
  }

  async retainSession(row: SessionRow): Promise<void> {
    await this.#lead.write('UPDATE session SET deleted_at = now() WHERE id = $1 AND resource_uid = $2', [
      row.id,
      row.resourceUid,
    ])
    this.#sessions.set(row.id, { ...row, deleted: true })
    this.#living.delete(row.resourceName)
  }

  #keep(row: SessionRow): void {
    this.#sessions.set(row.id, row)
    if (!row.deleted) this.#living.set(row.resourceName, row.id)
  }
}
