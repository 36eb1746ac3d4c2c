/** The way to Postgres: every query runs as one tenant; a database that is away is a problem that callers can read. */
import { type Pool, sqlState } from '@berth/core/postgres/pool.ts'
import { type Query, run, runInTenant } from '@berth/core/postgres/tables.ts'
import { Problem } from '../problems/problem.ts'

const RETRY_AFTER_SECONDS = 2

/** Connection lost (08), out of resources (53), shutting down or cut off (57), read-only while failing over (25006). */
const AWAY = /^(08|53|57|25006)/

export class Database {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Runs one query as a tenant: row-level security shows it nothing else. */
  query<Row>(tenantId: string, query: Query<Row>): Promise<Row[]> {
    return this.#explain(runInTenant(this.#pool, tenantId, query))
  }

  /** Runs a query on what belongs to no tenant. */
  shared<Row>(query: Query<Row>): Promise<Row[]> {
    return this.#explain(run(this.#pool, query))
  }

  /** Calls a function of the database that looks across tenants. */
  async call<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    return (await this.#explain(this.#pool.query<Row>(text, values))).rows
  }

  async #explain<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      const state = sqlState(error)
      // No SQLSTATE: the answer came from the network, not from Postgres.
      if (state && !AWAY.test(state)) throw error
      throw new Problem('database_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
    }
  }
}
