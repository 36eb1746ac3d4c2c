/** What Postgres says of ownership: read in each poll, as far as it has changed, together with a beat of our own canary. */

import type { DatabaseSight } from '@berth/core/ownership/database.ts'
import type { WorkerLoad } from '@berth/core/postgres/load.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { readTrust } from '@berth/core/postgres/trust.ts'

export interface OwnerRow {
  sessionId: string
  generation: number
  /** The highest generation under which a claim had to wait for a living holder. */
  wanted: number
  epoch: number
  bootId: string | null
  podUid: string | null
  released: boolean
  /** The database went back since somebody had it, and nobody has renewed its keys. */
  distrusted?: boolean
}

export interface LeaseRow {
  bootId: string
  bootNumber: number
  podUid: string
  worker: string
  address: string
  renewals: number
  /** Neither ended by itself nor revoked. */
  open: boolean
  /** The doubt for which it has vouched last. */
  vouched?: string | null
  /** What it said last; none so far, or it is of a release that does not say. */
  load?: WorkerLoad | null
}

export interface StateRow {
  sessionId: string
  state: string
  reason: string | null
  message: string | null
  phoneNumber: string | null
  epoch: number
}

/** A logout asked for because the session is being deleted. */
export interface LogoutRow {
  sessionId: string
  id: string
  status: 'queued' | 'done' | 'failed'
  errorMessage: string | null
  ageMs: number
}

export interface Reading {
  /** Change with owners and with states. */
  marks: { owners: string; states: string }
  owners: ReadonlyMap<string, OwnerRow>
  states: ReadonlyMap<string, StateRow>
  /** By command id. */
  logouts: ReadonlyMap<string, LogoutRow>
  leases: LeaseRow[]
  trust: DatabaseSight
  canaryBeat: number
  /** When leases and canary were asked for, in monotonic milliseconds. */
  sentAt: number
}

const BEAT = `INSERT INTO operator_canary (id, beats) VALUES ($1, 1)
  ON CONFLICT (id) DO UPDATE SET beats = operator_canary.beats + 1, at = now() RETURNING beats`

const OWNERS = `SELECT session_id AS "sessionId", generation, wanted_generation AS wanted, epoch,
  boot_id AS "bootId", pod_uid AS "podUid", released_at IS NOT NULL AS released, distrusted FROM session_owner`

const STATES = `SELECT session_id AS "sessionId", state, reason, message, phone_number AS "phoneNumber", epoch
  FROM session_state`

const LOGOUTS = `SELECT session_id AS "sessionId", id, status, error_message AS "errorMessage",
  (extract(epoch FROM now() - created_at) * 1000)::float8 AS "ageMs"
  FROM command WHERE kind = 'logout' AND created_at > now() - interval '1 day'`

const LEASES = `SELECT boot_id AS "bootId", boot_number AS "bootNumber", pod_uid AS "podUid", worker, address, renewals, vouched,
  ended_at IS NULL AND revoked_at IS NULL AS open, CASE WHEN loop_lag_ms IS NOT NULL THEN json_build_object(
    'messagesPerSecond', messages_per_second, 'loopLagMs', loop_lag_ms, 'memoryPercent', memory_percent) END AS load
  FROM worker_lease`

/**
 * What tells whether rows have changed: a newer version of a row carries the id of a later transaction, so that the sum of
 * these rises with every change, unless a row goes, which the count shows.
 */
const markOf = (table: string) => `(SELECT count(*) || '/' || coalesce(sum(xmin::text::bigint), 0) FROM ${table})`
const MARKS = `SELECT ${markOf('session_owner')} AS owners, ${markOf('session_state')} AS states`

/**
 * `canary`: this process's own id. `before`: the last reading; what has not changed since is taken from there, as the same
 * object. Throws when the database can't be asked.
 */
export async function poll(pool: Pool, canary: string, before?: Reading): Promise<Reading> {
  const client = await pool.connect()
  try {
    // Read before the rows: what changes in between is read again next time.
    const marks = (await client.query<Reading['marks']>(MARKS)).rows[0]!
    const sentAt = performance.now()
    // Leases are read after owners: every boot that holds something is among them.
    const [beats, owners, states, logouts, leases, trust] = await rowsOf(
      client.query<{ beats: number }>(BEAT, [canary]),
      before?.marks.owners === marks.owners ? undefined : client.query<OwnerRow>(OWNERS),
      before?.marks.states === marks.states ? undefined : client.query<StateRow>(STATES),
      client.query<LogoutRow>(LOGOUTS),
      client.query<LeaseRow>(LEASES),
      readTrust(client).then((one) => ({ rows: [one] })),
    )
    return {
      marks,
      owners: owners ? new Map(owners.map((row) => [row.sessionId, row])) : before!.owners,
      states: states ? new Map(states.map((row) => [row.sessionId, row])) : before!.states,
      logouts: new Map(logouts!.map((row) => [row.id, row])),
      leases: leases!,
      trust: trust![0]!,
      canaryBeat: beats![0]!.beats,
      sentAt,
    }
  } finally {
    client.release()
  }
}

type Answers<T> = {
  [Index in keyof T]: T[Index] extends Promise<{ rows: infer Rows }> | undefined ? Rows | undefined : never
}

/** The rows of each query, once all are over; throws the first failure. */
async function rowsOf<T extends (Promise<{ rows: unknown[] }> | undefined)[]>(...queries: T): Promise<Answers<T>> {
  const answers = await Promise.allSettled(queries)
  const failed = answers.find((answer) => answer.status === 'rejected')
  if (failed) throw failed.reason
  return answers.map(
    (answer) => (answer as PromiseFulfilledResult<{ rows: unknown[] } | undefined>).value?.rows,
  ) as Answers<T>
}
