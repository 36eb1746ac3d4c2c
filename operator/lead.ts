/**
 * The lead as Postgres knows it: the fence of all that a leader writes there.
 *
 * Kubernetes elects the leader, and one that was paused may go on for a moment without knowing that another leads. Its
 * writes on resources fail, as they are conditional; its writes here fail because each is one transaction with the check
 * that nobody took the lead since. The next leader takes it before it reads anything, and waits for what is under way.
 */
import { randomUUID } from 'node:crypto'
import { inTransaction, type Pool, sqlState } from '@berth/core/postgres/pool.ts'
import type { Lead, MirrorTables, TrustTables } from './database.ts'
import { PostgresMirrorTables } from './mirror-tables.ts'
import type { LeaseRow } from './poll.ts'
import type { SessionRow } from './session-row.ts'
import { PostgresTrustTables } from './trust-tables.ts'

/** What Postgres answers to an operator that does not lead (migration 0003). */
const NOT_LEADER = 'BE001'

export class PostgresLead implements Lead {
  readonly mirror: MirrorTables
  readonly trust: TrustTables
  readonly #pool: Pool
  /** Of this term. */
  readonly #id: string

  private constructor(pool: Pool, id: string) {
    this.#pool = pool
    this.#id = id
    this.mirror = new PostgresMirrorTables(pool, (text, values) => this.#write(text, values))
    this.trust = new PostgresTrustTables((text, values) => this.#ask(text, values))
  }

  static async take(pool: Pool): Promise<PostgresLead> {
    const id = randomUUID()
    await pool.query('UPDATE operator_leader SET id = $1, since = now()', [id])
    return new PostgresLead(pool, id)
  }

  async revoke({ bootId, renewals }: LeaseRow, reason: string): Promise<boolean> {
    const revoked = await this.#write(
      `UPDATE worker_lease SET revoked_at = now(), revoked_reason = $2
       WHERE boot_id = $1 AND renewals = $3 AND revoked_at IS NULL AND ended_at IS NULL`,
      [bootId, reason, renewals],
    )
    return revoked === 1
  }

  async askLogout(id: string, session: Pick<SessionRow, 'id' | 'tenantId'>): Promise<void> {
    await this.#write(
      `INSERT INTO command (id, tenant_id, session_id, kind) VALUES ($1, $2, $3, 'logout') ON CONFLICT (id) DO NOTHING`,
      [id, session.tenantId, session.id],
    )
  }

  /** Writes, if this is still the lead; answers how many rows it touched. */
  async #write(text: string, values: unknown[]): Promise<number> {
    return (await this.#do(text, values)).rowCount ?? 0
  }

  /** The same; answers the rows. */
  async #ask<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    return (await this.#do(text, values)).rows as Row[]
  }

  async #do(text: string, values: unknown[]) {
    const check = { text: 'SELECT require_leader($1)', values: [this.#id] }
    const [, result] = await inTransaction(this.#pool, check, { text, values })
    return result!
  }
}

/** Another operator has taken the lead in Postgres. */
export const isDeposed = (error: unknown): boolean => sqlState(error) === NOT_LEADER
