/** How busy a worker says it is: written with a renewal of its lease (migration 0006), read by the operator. */
import type pg from 'pg'

export interface WorkerLoad {
  /** In and out. */
  messagesPerSecond: number
  /** How late the event loop was, of a hundred measurements in all but one; milliseconds. */
  loopLagMs: number
  /** Resident memory, of what the container may use. */
  memoryPercent: number
}

/** Renews a lease and says how busy its boot is. Answers as renewLease() does. */
export async function renewLeaseWithLoad(
  db: Pick<pg.Client, 'query'>,
  bootId: string,
  { messagesPerSecond, loopLagMs, memoryPercent }: WorkerLoad,
): Promise<boolean> {
  const result = await db.query<{ alive: boolean }>('SELECT lease_renew($1, $2, $3, $4) AS alive', [
    bootId,
    messagesPerSecond,
    loopLagMs,
    memoryPercent,
  ])
  return result.rows[0]!.alive
}
