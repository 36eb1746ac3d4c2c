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
import { isPermanent } from '@berth/core/postgres/pool.ts'
import type { Lead, MirrorTables, TenantRow } from './database.ts'
import { decideRow, type RowDecision, type SessionRow } from './session-row.ts'

/** In which a resource that was changed differs from its row. */
const tenantFields = ['id', 'name', 'tier', 'displayName', 'state', 'resourceUid'] as const

/** Rows of one write at most. */
const BATCH = 500

/** What the mirror knows of a session resource. */
export type Mirrored = { id: string } | { blocked: Reason }

export class Mirror {
  readonly #tables: MirrorTables
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

  private constructor(tables: MirrorTables, installation: string, namespace: string) {
    this.#tables = tables
    this.#installation = installation
    this.#namespace = namespace
  }

  /** Reads what there is. The lead must have been taken: nothing that another wrote comes after. */
  static async load({ mirror: tables }: Lead, namespace: string): Promise<Mirror> {
    const { installation, tenants, sessions, obstacles } = await tables.load()
    const mirror = new Mirror(tables, installation, namespace)
    for (const row of tenants) mirror.#tenants.set(row.id, row)
    for (const row of sessions) mirror.#keep(row)
    for (const { id, obstacle } of obstacles) mirror.#obstacles.set(id, obstacle)
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
      await this.#tables.writeTier(metadata.name, text)
      this.#tiers.set(metadata.name, text)
    }
  }

  async removeTier(name: string): Promise<void> {
    await this.#tables.removeTier(name)
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
      await this.#tables.writeTenants(rows)
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

  /** A tenant without sessions. */
  async removeTenant(name: string): Promise<void> {
    const id = this.tenantId(name)
    await this.#tables.removeTenant(id)
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
      await this.#tables.updateSession(row)
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
    await this.#tables.insertSessions(rows)
    for (const row of rows) this.#keep(row)
  }

  /** Why a session has no place, in a word; undefined once it has one. */
  async writeObstacle(session: WhatsAppSession, obstacle: string | undefined): Promise<void> {
    const row = this.rowOf(session)
    if (!row || this.#obstacles.get(row.id) === obstacle) return
    await this.#tables.writeObstacle(row.id, obstacle)
    if (obstacle) this.#obstacles.set(row.id, obstacle)
    else this.#obstacles.delete(row.id)
  }

  async eraseSession(row: SessionRow): Promise<void> {
    await this.#tables.eraseSession(row)
    this.#sessions.delete(row.id)
    this.#obstacles.delete(row.id)
    this.#living.delete(row.resourceName)
  }

  async retainSession(row: SessionRow): Promise<void> {
    await this.#tables.retainSession(row)
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
