/**
 * Claims, releases and leases, as a worker calls them. Each runs in Postgres under the fence (migrations 0002, 0003, 0007
 * and 0019), which is the machine of core/ownership/machine.ts.
 */
import type pg from 'pg'

type Queryable = Pick<pg.Client, 'query'>

export interface Claim {
  sessionId: string
  tenantId: string
  /** With the boot it is the fence of everything written for the session. */
  epoch: number
  /** The database went back since its last owner had it: what has to be made new must be, before it logs in. */
  distrusted: boolean
}

export interface Boot {
  bootId: string
  podUid: string
  worker: string
  /** URL where the gateway reaches this boot. */
  address: string
}

export async function openLease(db: Queryable, boot: Boot): Promise<void> {
  await db.query('SELECT lease_open($1, $2, $3, $4)', [boot.bootId, boot.podUid, boot.worker, boot.address])
}

/** false: revoked or ended. The process must close its sockets and exit. */
export async function renewLease(db: Queryable, bootId: string): Promise<boolean> {
  const result = await db.query<{ alive: boolean }>('SELECT lease_renew($1) AS alive', [bootId])
  return result.rows[0]!.alive
}

export async function endLease(db: Queryable, bootId: string): Promise<void> {
  await db.query('SELECT lease_end($1)', [bootId])
}

/**
 * Takes what can be taken. A session that is missing from the answer is still held, and its holder will learn that it is
 * wanted here; or the generation is old; or the database is in doubt. `ratchets`: the types of keys that are deleted first
 * where the session is distrusted.
 */
export async function claim(
  db: Queryable,
  bootId: string,
  wanted: { sessionId: string; generation: number }[],
  ratchets: readonly string[] = [],
): Promise<Claim[]> {
  const { rows } = await db.query<{ session_id: string; tenant_id: string; epoch: number; distrusted: boolean }>(
    'SELECT session_id, tenant_id, epoch, distrusted FROM claim_trusted($1, $2, $3, $4)',
    [bootId, wanted.map((w) => w.sessionId), wanted.map((w) => w.generation), ratchets],
  )
  return rows.map(({ session_id, tenant_id, ...rest }) => ({ sessionId: session_id, tenantId: tenant_id, ...rest }))
}

export type Held = Pick<Claim, 'sessionId' | 'epoch'>

const idsFrom = async (
  db: Queryable,
  name: 'release' | 'owned',
  bootId: string,
  held: Held[],
): Promise<Set<string>> => {
  const result = await db.query<{ id: string }>(`SELECT ${name} AS id FROM ${name}($1, $2, $3)`, [
    bootId,
    held.map((h) => h.sessionId),
    held.map((h) => h.epoch),
  ])
  return new Set(result.rows.map((row) => row.id))
}

/** Gives sessions back; answers those that were still ours. */
export const release = (db: Queryable, bootId: string, held: Held[]): Promise<Set<string>> =>
  idsFrom(db, 'release', bootId, held)

/** Which of these claims still stand. */
export const owned = (db: Queryable, bootId: string, held: Held[]): Promise<Set<string>> =>
  idsFrom(db, 'owned', bootId, held)

/** All that the boot holds, also what it was granted when it waited for the answer no more. */
export async function heldClaims(db: Queryable, bootId: string): Promise<Held[]> {
  const { rows } = await db.query<{ session_id: string; epoch: number }>(
    'SELECT session_id, epoch FROM held_claims($1)',
    [bootId],
  )
  return rows.map(({ session_id, epoch }) => ({ sessionId: session_id, epoch }))
}

/** The boot's sessions that another one waits for under a higher generation: they are to be left. */
export async function wantedElsewhere(db: Queryable, bootId: string): Promise<string[]> {
  const result = await db.query<{ id: string }>('SELECT wanted_elsewhere AS id FROM wanted_elsewhere($1)', [bootId])
  return result.rows.map((row) => row.id)
}

/** The sessions that earlier boots of the same pod hold, as they were claimed: their process is dead, since this one runs. */
export async function leftBehind(
  db: Queryable,
  bootId: string,
): Promise<{ sessionId: string; generation: number; linkingAttempt: number }[]> {
  const result = await db.query<{ session_id: string; generation: number; linking_attempt: number }>(
    'SELECT session_id, generation, linking_attempt FROM left_behind($1)',
    [bootId],
  )
  return result.rows.map((row) => ({
    sessionId: row.session_id,
    generation: row.generation,
    linkingAttempt: row.linking_attempt,
  }))
}

/** The boot's last commit number; -1 when the database does not know the boot (it went back, or it is another one). */
export async function commitNumber(db: Queryable, bootId: string): Promise<number> {
  const result = await db.query<{ number: number }>('SELECT commit_number($1) AS number', [bootId])
  return result.rows[0]!.number
}
