/** Removes from Postgres what nobody needs any more. */
import type { Pool } from '@berth/core/postgres/pool.ts'

export const SWEEP_EVERY_MS = 3_600_000

/** Of tenants whose tier says nothing, or is not known. */
const RETENTION_DAYS = 30
/** Messages that go at once; what writes to the same conversations waits so long. */
const MESSAGES_AT_ONCE = 500
/** Of one sweep; more go with the next one. */
const MESSAGE_BATCHES = 2000

/**
 * Journal rows that a redelivery can no longer ask for, boots and canaries that are long gone, events and messages that are
 * older than their tenant's tier keeps them, names of acts that nobody repeats any more. Answers how many of each.
 */
export async function sweep(pool: Pool): Promise<Record<string, number>> {
  const journal = await pool.query(`DELETE FROM journal WHERE done_at < now() - interval '1 day'`)
  const leases = await pool.query(
    `DELETE FROM worker_lease l WHERE greatest(ended_at, revoked_at) < now() - interval '1 day'
       AND NOT EXISTS (SELECT FROM session_owner o WHERE o.boot_id = l.boot_id)`,
  )
  const canaries = await pool.query(`DELETE FROM operator_canary WHERE at < now() - interval '1 day'`)
  const events = await pool.query(
    `DELETE FROM event e USING tenant n LEFT JOIN tier t ON t.name = n.tier WHERE n.id = e.tenant_id
       AND e.occurred_at < now() - make_interval(days => coalesce((t.spec -> 'limits' ->> 'retentionDays')::int, $1))`,
    [RETENTION_DAYS],
  )
  const acts = await pool.query(`DELETE FROM idempotent_act WHERE created_at < now() - interval '1 day'`)
  // A dump that was read into another server has transactions of the future in it, which nobody would be shown for long.
  await pool.query('UPDATE event SET xid = pg_current_xact_id() WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())')
  const messages = await sweepMessages(pool)
  const count = (result: { rowCount: number | null }) => result.rowCount ?? 0
  return {
    journal: count(journal),
    leases: count(leases),
    canaries: count(canaries),
    events: count(events),
    acts: count(acts),
    messages,
  }
}

async function sweepMessages(pool: Pool): Promise<number> {
  let total = 0
  for (let batch = 0; batch < MESSAGE_BATCHES; batch++) {
    const values = [RETENTION_DAYS, MESSAGES_AT_ONCE]
    const { rows } = await pool.query<{ gone: number }>('SELECT forget_old_messages($1, $2) AS gone', values)
    const { gone } = rows[0]!
    if (gone === 0) break
    total += gone
  }
  return total
}
