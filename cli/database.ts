/** The installation's database, as the operator's role sees it. Imported when needed only: pg takes long to load. */
import { requireSchema, SchemaMismatch } from '@berth/core/postgres/migrate.ts'
import { openPool, type Pool, sqlState } from '@berth/core/postgres/pool.ts'
import { CliError, IS_IT_RUNNING } from './error.ts'

/** What the work answers, once the schema is known to be ours; it asks the database and nothing else. Throws CliError. */
export async function withDatabase<T>(url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  requireUrl(url)
  const pool = openPool({ url, role: 'berth_operator', application: 'berth-cli', max: 1 })
  try {
    await requireSchema(pool)
    return await work(pool)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError(explain(cause as Error), { cause })
  } finally {
    await pool.end()
  }
}

/** Throws CliError. */
export function requireUrl(url: string): void {
  if (URL.canParse(url)) return
  throw new CliError('The URL of the database is not one: postgres://user:password@host/name.')
}

function explain(error: Error): string {
  if (error instanceof SchemaMismatch) return error.message
  if (sqlState(error)) return `The database refused: ${error.message} (${sqlState(error)}).`
  return `The database is not reachable: ${messageOf(error)}. ${IS_IT_RUNNING}, or set DATABASE_URL to where it is.`
}

/** Node's connection errors may be an AggregateError with an empty message: one error per address that was tried. */
export const messageOf = (error: Error): string =>
  error instanceof AggregateError && !error.message ? error.errors.map(messageOf).join('; ') : error.message
