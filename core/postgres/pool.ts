/** Connections. Each process acts under its own role, whoever the user of the URL is. */
import pg from 'pg'
import type { Role } from './migrate.ts'

export type { Pool } from 'pg'

export interface PoolOptions {
  url: string
  role: Role
  /** Shown in pg_stat_activity. */
  application: string
  /** Connections at most. */
  max?: number
  /** Milliseconds that a statement may run for (10,000). One that gets no answer at all is given up soon after. */
  statementMs?: number
  /** And that a new connection may take (5,000). */
  connectMs?: number
}

const STATEMENT_MS = 10_000
const CONNECT_MS = 5_000
/** A server that is alive says by then that it ended a statement for its length: past it, nobody is there. */
const SILENCE_MS = 2_000

/** bigint columns are counters far below 2^53: read them as numbers. */
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

const settings = ({
  url,
  role,
  application,
  statementMs = STATEMENT_MS,
  connectMs = CONNECT_MS,
}: PoolOptions): pg.ClientConfig => ({
  connectionString: url,
  application_name: application,
  connectionTimeoutMillis: connectMs,
  keepAlive: true,
  options: `-c role=${role} -c search_path=berth -c statement_timeout=${statementMs} -c idle_in_transaction_session_timeout=15s`,
})

/**
 * A pool in pipeline mode: several queries of one connection share a round trip. A connection that says nothing any more (the
 * server hangs, the network swallows) is given up with the queries on it; what they asked for may still happen.
 */
export function openPool(options: PoolOptions): pg.Pool {
  const { max = 8, statementMs = STATEMENT_MS } = options
  const silence = { query_timeout: statementMs + SILENCE_MS }
  const pool = new pg.Pool({ ...settings(options), ...silence, max, pipeline: true } as pg.PoolConfig)
  pool.on('error', () => {}) // an idle connection was cut: the next query opens another one
  pool.on('connect', (client) => {
    client.on('error', () => {}) // a taken one was cut between two queries: the next one on it is rejected
  })
  return pool
}

/** One connection of its own, for work that must not wait for a pool (commits, leases). */
export async function openClient(options: PoolOptions): Promise<pg.Client> {
  const client = new pg.Client(settings(options))
  client.on('error', () => {}) // the query in flight is rejected; that is where it is handled
  await client.connect()
  return client
}

/** Runs the queries in one transaction and one round trip; answers their results, in order. */
export async function inTransaction(pool: pg.Pool, ...queries: pg.QueryConfig[]): Promise<pg.QueryResult[]> {
  const client = await pool.connect()
  let broken = false
  try {
    const outcomes = await Promise.allSettled([
      client.query('BEGIN'),
      ...queries.map((query) => client.query(query)),
      client.query('COMMIT'),
    ])
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed) {
      await client.query('ROLLBACK').catch(() => {
        broken = true
      })
      throw failed.reason
    }
    return outcomes.slice(1, -1).map((outcome) => (outcome as PromiseFulfilledResult<pg.QueryResult>).value)
  } finally {
    client.release(broken)
  }
}

/** The same as one tenant: row-level security shows and takes only its rows. */
export async function inTenant(
  pool: pg.Pool,
  tenantId: string,
  ...queries: pg.QueryConfig[]
): Promise<pg.QueryResult[]> {
  const asTenant = { text: "SELECT set_config('berth.tenant_id', $1, true)", values: [tenantId] }
  const [, ...results] = await inTransaction(pool, asTenant, ...queries)
  return results
}

/** The error's SQLSTATE, when Postgres itself answered. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)
    ? error.code
    : undefined

/** The statement itself is at fault (data, constraint, syntax, missing feature): repeating it can't help. */
export const isPermanent = (error: unknown): boolean => /^(22|23|42|0A)/.test(sqlState(error) ?? '')
