/**
 * Migrations. The owner (the user of DATABASE_URL) applies them; two that run at once wait for each other.
 * Within a release a migration only adds: processes of the release before go on working beside it, start anew on it, and
 * come back to it in a rollback. The database says which is the oldest schema whose processes it serves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import { foundation } from './migrations/0001-foundation.ts'
import { functions } from './migrations/0002-functions.ts'
import { ownership } from './migrations/0003-ownership.ts'
import { commitSpeed } from './migrations/0004-commit-speed.ts'
import { servedSchemas } from './migrations/0005-served-schemas.ts'
import { workerLoad } from './migrations/0006-worker-load.ts'
import { databaseIdentity } from './migrations/0007-database-identity.ts'
import { loginPace } from './migrations/0008-login-pace.ts'
import { events } from './migrations/0009-events.ts'
import { media } from './migrations/0010-media.ts'
import { messageModel } from './migrations/0011-message-model.ts'
import { webhooks } from './migrations/0012-webhooks.ts'
import { conversations } from './migrations/0013-conversations.ts'
import { sending } from './migrations/0014-sending.ts'
import { cloudApi } from './migrations/0015-cloud-api.ts'
import { refusals } from './migrations/0016-refusals.ts'
import { idempotentActs } from './migrations/0017-idempotent-acts.ts'
import { lateFiles } from './migrations/0018-late-files.ts'
import { heldClaims } from './migrations/0019-held-claims.ts'

/** Schema of the migrations' own bookkeeping; 'berth' holds everything else. */
const BOOKKEEPING = 'berth_migration'
const DATABASE_PAUSE_MS = 1000

const step = (text: string): Migration => ({
  up: async (db) => {
    await sql.raw('SET LOCAL search_path = berth').execute(db)
    await sql.raw(text).execute(db)
  },
})

const migrations: Record<string, Migration> = {
  '0001-foundation': step(foundation),
  '0002-functions': step(functions),
  '0003-ownership': step(ownership),
  '0004-commit-speed': step(commitSpeed),
  '0005-served-schemas': step(servedSchemas),
  '0006-worker-load': step(workerLoad),
  '0007-database-identity': step(databaseIdentity),
  '0008-login-pace': step(loginPace),
  '0009-events': step(events),
  '0010-media': step(media),
  '0011-message-model': step(messageModel),
  '0012-webhooks': step(webhooks),
  '0013-conversations': step(conversations),
  '0014-sending': step(sending),
  '0015-cloud-api': step(cloudApi),
  '0016-refusals': step(refusals),
  '0017-idempotent-acts': step(idempotentActs),
  '0018-late-files': step(lateFiles),
  '0019-held-claims': step(heldClaims),
}

/** The newest migration that this code knows. */
export const SCHEMA_VERSION = Object.keys(migrations).sort().at(-1)!

/** The oldest schema whose processes work on the newest one. Raise it with a migration that takes something from them. */
export const OLDEST_SERVED = '0005-served-schemas'

/** berth_definer owns the functions; the others are what the processes act as. */
export const roles = ['berth_definer', 'berth_gateway', 'berth_worker', 'berth_operator'] as const
export type Role = 'berth_gateway' | 'berth_worker' | 'berth_operator'

const prepare = `
DO $$
DECLARE r text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('berth-roles'));
  FOREACH r IN ARRAY ARRAY['${roles.join("', '")}'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', r); END IF;
    IF NOT pg_has_role(current_user, r, 'MEMBER') THEN EXECUTE format('GRANT %I TO CURRENT_USER', r); END IF;
  END LOOP;
END $$;
CREATE SCHEMA IF NOT EXISTS berth;
CREATE SCHEMA IF NOT EXISTS ${BOOKKEEPING};
GRANT USAGE ON SCHEMA berth, ${BOOKKEEPING} TO ${roles.join(', ')};
GRANT CREATE ON SCHEMA berth TO berth_definer;
`

/**
 * Brings the database to SCHEMA_VERSION and answers the names of what was applied. One that is newer and serves this release
 * (after a rollback) stays as it is; throws SchemaMismatch when it does not serve it.
 */
export async function migrate(url: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'berth-migrate' })
  pool.on('error', () => {}) // a connection that is cut while it is being closed concerns nobody
  try {
    await pool.query(prepare)
    const { version = '' } = await readSchema(pool)
    if (version > SCHEMA_VERSION) {
      await requireSchema(pool)
      return []
    }
    const migrator = new Migrator({
      db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }),
      provider: { getMigrations: async () => migrations },
      migrationTableSchema: BOOKKEEPING,
      migrationTableName: 'applied',
      migrationLockTableName: 'lock',
    })
    const { error, results } = await migrator.migrateToLatest()
    if (error) throw error
    await pool.query(`GRANT SELECT ON ${BOOKKEEPING}.applied, ${BOOKKEEPING}.served TO ${roles.join(', ')}`)
    await pool.query(
      `INSERT INTO ${BOOKKEEPING}.served (oldest) VALUES ($1) ON CONFLICT (singleton) DO UPDATE SET oldest = $1`,
      [OLDEST_SERVED],
    )
    return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName)
  } finally {
    await pool.end()
  }
}

export class SchemaMismatch extends Error {
  override name = 'SchemaMismatch'
}

interface DatabaseSchema {
  /** The newest migration that was applied; undefined: none. */
  version?: string
  /** The oldest schema whose processes it serves. */
  oldest?: string
}

async function readSchema(pool: pg.Pool): Promise<DatabaseSchema> {
  const text = async (query: string): Promise<string | undefined> => {
    try {
      return (await pool.query<{ text: string }>(query)).rows[0]?.text
    } catch (error) {
      if (['42P01', '3F000'].includes(sqlStateOf(error))) return undefined
      throw error
    }
  }
  const version = await text(`SELECT name AS text FROM ${BOOKKEEPING}.applied ORDER BY name DESC LIMIT 1`)
  return { version, oldest: await text(`SELECT oldest AS text FROM ${BOOKKEEPING}.served`) }
}

const sqlStateOf = (error: unknown): string => (error as pg.DatabaseError).code ?? ''

/** Refuses a database that this process can't work with; throws SchemaMismatch, which says what to do. */
export async function requireSchema(pool: pg.Pool): Promise<void> {
  const problem = schemaProblem(await readSchema(pool))
  if (problem) throw new SchemaMismatch(problem)
}

/** What is wrong with the database's schema for a process of this one, and what to do. Pure. */
export function schemaProblem({ version, oldest }: DatabaseSchema, own = SCHEMA_VERSION): string | undefined {
  if (version === undefined) return 'The database holds no Berth schema. Run the migrations first.'
  if (version < own) {
    return `The database has the schema ${version}, this release needs ${own}. Run the migrations first.`
  }
  if (version === own || (oldest !== undefined && oldest <= own)) return undefined
  return (
    `The database has the schema ${version}, which serves releases of the schema ${oldest ?? version} or newer; ` +
    `this one is of ${own}. Upgrade this process.`
  )
}

/** Waits for the database, as long as it takes; throws SchemaMismatch when it can't work with its schema. */
export async function waitForSchema(
  pool: pg.Pool,
  log: { warn(fields: object, message: string): void },
): Promise<void> {
  for (;;) {
    try {
      return await requireSchema(pool)
    } catch (error) {
      if (error instanceof SchemaMismatch) throw error
      log.warn({ error: (error as Error).message }, 'waiting for the database')
      await sleep(DATABASE_PAUSE_MS)
    }
  }
}
