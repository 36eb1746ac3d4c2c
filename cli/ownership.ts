/** What the database says of who holds what. Read as the operator's role. */
import type { Pool } from '@berth/core/postgres/pool.ts'

/** The owner row of a session, with the lease of the boot in it. */
export interface Ownership {
  generation: number
  /** The highest generation under which a claim had to wait for a living holder. */
  wantedGeneration: number
  epoch: number
  bootId: string | null
  claimedAt: Date | null
  releasedAt: Date | null
  /** Of the boot. */
  worker: string | null
  renewedMsAgo: number | null
  endedAt: Date | null
  revokedAt: Date | null
  revokedReason: string | null
}

/** @param session name of the resource. Undefined: the operator has not taken it up yet. */
export async function readOwnership(pool: Pool, session: string): Promise<Ownership | undefined> {
  const { rows } = await pool.query<Ownership>(
    `SELECT o.generation, o.wanted_generation AS "wantedGeneration", o.epoch, o.boot_id AS "bootId",
       o.claimed_at AS "claimedAt", o.released_at AS "releasedAt", l.worker,
       (extract(epoch FROM now() - l.renewed_at) * 1000)::float8 AS "renewedMsAgo",
       l.ended_at AS "endedAt", l.revoked_at AS "revokedAt", l.revoked_reason AS "revokedReason"
     FROM session s JOIN session_owner o ON o.session_id = s.id LEFT JOIN worker_lease l ON l.boot_id = o.boot_id
     WHERE s.resource_name = $1 AND s.deleted_at IS NULL`,
    [session],
  )
  return rows[0]
}

export interface DatabaseHealth {
  /** By the database's own clock. */
  now: Date
  /** Since the operator that polls last wrote its canary; null: never. */
  canaryMsAgo: number | null
  /** It is not certain that it has all that was written, so nobody logs in. */
  inDoubt: boolean
  /** Sessions whose keys have to be renewed, as it went back in time. */
  distrusted: number
  /** By worker: since its present boot last renewed its lease. */
  leases: { worker: string; renewedMsAgo: number }[]
}

export async function readDatabaseHealth(pool: Pool): Promise<DatabaseHealth> {
  const [head, leases] = await Promise.all([
    pool.query<Omit<DatabaseHealth, 'leases'>>(
      `SELECT now(), (SELECT extract(epoch FROM now() - max(at)) * 1000 FROM operator_canary)::float8 AS "canaryMsAgo",
         database_doubt() IS NOT NULL AS "inDoubt",
         (SELECT count(*)::int FROM session_owner WHERE distrusted) AS distrusted`,
    ),
    pool.query<DatabaseHealth['leases'][number]>(
      `SELECT worker, (extract(epoch FROM now() - max(renewed_at)) * 1000)::float8 AS "renewedMsAgo" FROM worker_lease
       WHERE ended_at IS NULL AND revoked_at IS NULL GROUP BY worker ORDER BY worker`,
    ),
  ])
  return { ...head.rows[0]!, leases: leases.rows }
}
