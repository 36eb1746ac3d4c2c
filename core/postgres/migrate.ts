/**
 * Migrations. The owner (the user of DATABASE_URL) applies them; two that run at once wait for each other.
 * Within a release a migration only adds: processes of the release before must go on working beside it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import { foundation } from './migrations/0001-foundation.ts'
import { functions } from './migrations/0002-functions.ts'
import { ownership } from './migrations/0003-ownership.ts'
import { commitSpeed } from './migrations/0004-commit-speed.ts'

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
}

/** The newest migration that this code knows. */
export const SCHEMA_VERSION = Object.keys(migrations).sort().at(-1)!

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

/** Brings the database to SCHEMA_VERSION and answers the names of what was applied. */
export async function migrate(url: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'berth-migrate' })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    await pool.query(prepare)
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => migrations },
      migrationTableSchema: BOOKKEEPING,
      migrationTableName: 'applied',
      migrationLockTableName: 'lock',
    })
    const { error, results } = await migrator.migrateToLatest()
    if (error) throw error
    await pool.query(`GRANT SELECT ON ${BOOKKEEPING}.applied TO ${roles.join(', ')}`)
    return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName)
  } finally {
    await db.destroy()
  }
}

export class SchemaMismatch extends Error {
  override name = 'SchemaMismatch'
}

/** Refuses a database whose schema this code does not know. */
export async function requireSchema(pool: pg.Pool): Promise<void> {
  const version = await pool
    .query<{ name: string }>(`SELECT name FROM ${BOOKKEEPING}.applied ORDER BY name DESC LIMIT 1`)
    .then((result) => result.rows[0]?.name)
    .catch((error: pg.DatabaseError) => {
      if (error.code === '42P01' || error.code === '3F000') return undefined
      throw error
    })
  if (version === SCHEMA_VERSION) return
  throw new SchemaMismatch(
    version === undefined
      ? 'The database holds no Berth schema. Run the migrations first.'
      : `The database has the schema ${version}, this release needs ${SCHEMA_VERSION}. ` +
          (version < SCHEMA_VERSION ? 'Run the migrations first.' : 'Upgrade this process.'),
  )
}

/** Waits for the database, as long as it takes; throws SchemaMismatch when its schema is not the one of this release. */
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
