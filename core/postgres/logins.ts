/** How many sessions may log in, as workers ask for it and the operator sets it (migration 0008; core/ownership/login-pace.ts). */
import type { Grant, Pace, Request } from '@berth/core/ownership/login-pace.ts'
import type pg from 'pg'

type Queryable = Pick<pg.Pool, 'query'>

/** Takes tokens, as far as there are; the request's boot is the one that asks. */
export async function leaseLogins(db: Queryable, { boot, most, wanted }: Request): Promise<Grant> {
  const { rows } = await db.query<{ granted: number[]; wait_ms: number }>(
    'SELECT granted, wait_ms FROM lease_logins($1, $2, $3, $4)',
    [boot, most, wanted.map(({ rank }) => rank), wanted.map(({ count }) => count)],
  )
  const { granted, wait_ms: waitMs } = rows[0]!
  return { granted, waitMs }
}

/** For all that ask from now on. */
export async function setLoginPace(db: Queryable, { rate, burst }: Pace): Promise<void> {
  await db.query('UPDATE login_pace SET rate = $1, burst = $2', [rate, burst])
}

export interface TierRow {
  session_id: string
  tier: string
  /** What the tier costs, in cents, and less than 0: the dearest is the lowest. */
  rank: number
}

export const loadTiers = async (db: Queryable, bootId: string, sessionIds: string[]): Promise<TierRow[]> =>
  (await db.query<TierRow>('SELECT * FROM load_tiers($1, $2)', [bootId, sessionIds])).rows
