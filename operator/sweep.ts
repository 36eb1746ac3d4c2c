/** Removes from Postgres what nobody needs any more. */
import type { Pool } from '@berth/core/postgres/pool.ts'

export const SWEEP_EVERY_MS = 3_600_000

/** Journal rows that a redelivery can no longer ask for, boots and canaries that are long gone. */
export async function sweep(pool: Pool): Promise<{ journal: number; leases: number; canaries: number }> {
  const journal = await pool.query(`DELETE FROM journal WHERE done_at < now() - interval '1 day'`)
  const leases = await pool.query(
    `DELETE FROM worker_lease l WHERE greatest(ended_at, revoked_at) < now() - interval '1 day'
       AND NOT EXISTS (SELECT FROM session_owner o WHERE o.boot_id = l.boot_id)`,
  )
  const canaries = await pool.query(`DELETE FROM operator_canary WHERE at < now() - interval '1 day'`)
  return { journal: journal.rowCount ?? 0, leases: leases.rowCount ?? 0, canaries: canaries.rowCount ?? 0 }
}
