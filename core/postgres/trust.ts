/** Whether the database is trusted, as workers and the operator ask and answer it (migration 0007). */
import type pg from 'pg'
import type { DatabaseSight } from '../ownership/database.ts'

type Queryable = Pick<pg.Client, 'query'>

/** What living boots have to vouch for; undefined: the database is trusted. */
export async function databaseDoubt(db: Queryable): Promise<string | undefined> {
  const { rows } = await db.query<{ doubt: string | null }>('SELECT database_doubt() AS doubt')
  return rows[0]!.doubt ?? undefined
}

/** All commits of the boot up to this number are here. False: they are not, or there is another doubt by now. */
export async function vouch(db: Queryable, bootId: string, doubt: string, commit: number): Promise<boolean> {
  const { rows } = await db.query<{ ok: boolean }>('SELECT vouch($1, $2, $3) AS ok', [bootId, doubt, commit])
  return rows[0]!.ok
}

/** Commits are missing: from now on nobody claims, until the operator has repaired it. */
export async function reportWentBack(db: Queryable, report: string): Promise<void> {
  await db.query('SELECT database_report($1)', [report])
}

/** The keys that could not be trusted are gone, and those that had to be made new are durable. */
export async function trustSession(
  db: Queryable,
  bootId: string,
  { sessionId, epoch }: { sessionId: string; epoch: number },
): Promise<void> {
  await db.query('SELECT trust_session($1, $2, $3)', [bootId, sessionId, epoch])
}

/** As the operator's role. */
export async function readTrust(db: Queryable): Promise<DatabaseSight> {
  const { rows } = await db.query<
    Omit<DatabaseSight, 'doubt' | 'home'> & { doubt: string | null; home: string | null }
  >(`SELECT database_doubt() AS doubt, incarnation, mark, home, reports > answered AS reported FROM database_trust`)
  const { doubt, home, ...rest } = rows[0]!
  return { ...rest, ...(doubt === null ? {} : { doubt }), ...(home === null ? {} : { home }) }
}
