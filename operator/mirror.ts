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
import { isPermanent, type Pool } from '@berth/core/postgres/pool.ts'
import type { Lead } from './lead.ts'
import { decideRow, type RowDecision, type SessionRow } from './session-row.ts'

interface TenantRow {
  id: string
  name: string
  tier: string
  displayName: string | null
  state: 'Active' | 'Suspended'
  resourceUid: string
  deleted: boolean
}

/** In the order of the statements' parameters. */
const tenantFields = ['id', 'name', 'tier', 'displayName', 'state', 'resourceUid'] as const
const sessionFields = ['id', 'tenantId', 'name', 'resourceName', 'resourceUid', 'provider', 'desiredState'] as const

/** Rows of one statement at most. */
const BATCH = 500

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
  /** By name: each is a hash, and asked for in every round. */
  readonly #tenantIds = new Map<string, string>()
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
    const known = this.#tenantIds.get(name)
    if (known) return known
    const id = tenantIdOf(this.#installation, this.#namespace, name)
    this.#tenantIds.set(name, id)
    return id
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
    const changed = tenants
      .map((tenant) => this.#tenantRow(tenant))
      .filter((row) => {
        const known = this.#tenants.get(row.id)
        return !known || known.deleted || !tenantFields.every((field) => known[field] === row[field])
      })
    for (const rows of inBatches(changed)) {
      await this.#lead.write(
        `INSERT INTO tenant (id, name, tier, display_name, state, resource_uid)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[])
         ON CONFLICT (id) DO UPDATE SET tier = excluded.tier, display_name = excluded.display_name,
           state = excluded.state, resource_uid = excluded.resource_uid, deleted_at = NULL`,
        tenantFields.map((field) => rows.map((row) => row[field])),
      )
      for (const row of rows) this.#tenants.set(row.id, row)
    }
  }

  #tenantRow({ metadata, spec }: Tenant): TenantRow {
    return {
      id: this.tenantId(metadata.name),
      name: metadata.name,
      tier: spec.tier,
      displayName: spec.displayName ?? null,
      state: spec.state,
      resourceUid: metadata.uid ?? '',
      deleted: false,
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

  /**
   * Takes new sessions up, many at once; their tenants must have been written. Those that it leaves out (not new, not to be
   * taken up, or in a batch that the database refused) are a matter for writeSession.
   */
  async addSessions(sessions: readonly WhatsAppSession[]): Promise<void> {
    const added = sessions.flatMap((session) => {
      const decision = this.#decide(session)
      return 'row' in decision && decision.write === 'insert' ? [decision.row] : []
    })
    for (const rows of inBatches(added)) {
      try {
        await this.#insert(rows)
      } catch (error) {
        if (!isPermanent(error)) throw error
      }
    }
  }

  /** Takes a session up, if it may have its row. Its tenant must have been written. */
  async writeSession(session: WhatsAppSession): Promise<Mirrored> {
    const decision = this.#decide(session)
    if ('blocked' in decision) return decision
    const { row, write } = decision
    if (write === 'insert') await this.#insert([row])
    if (write === 'update') {
      await this.#lead.write(
        `UPDATE session SET name = $3, resource_name = $4, resource_uid = $5, provider = $6, desired_state = $7,
           deleted_at = NULL WHERE id = $1 AND tenant_id = $2`,
        sessionFields.map((field) => row[field]),
      )
      this.#keep(row)
    }
    return { id: row.id }
  }

  #decide(session: WhatsAppSession): RowDecision {
    const rows = {
      byId: (id: string) => this.#sessions.get(id),
      living: (name: string) => this.#sessions.get(this.#living.get(name) ?? ''),
    }
    const names = { installation: this.#installation, namespace: this.#namespace }
    return decideRow(session, this.tenantId(session.spec.tenant), rows, names)
  }

  async #insert(rows: readonly SessionRow[]): Promise<void> {
    await this.#lead.write(
      `WITH made AS (
         INSERT INTO session (id, tenant_id, name, resource_name, resource_uid, provider, desired_state)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
         RETURNING id, tenant_id)
       INSERT INTO session_owner (session_id, tenant_id) SELECT id, tenant_id FROM made`,
      sessionFields.map((field) => rows.map((row) => row[field])),
    )
    for (const row of rows) this.#keep(row)
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

function* inBatches<T>(rows: readonly T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += BATCH) yield rows.slice(start, start + BATCH)
}
