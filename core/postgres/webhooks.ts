/** Deliveries of events as whoever tells endpoints sees and settles them, across tenants (migration 0012). */
import type pg from 'pg'
import type { ToldEvent } from './events.ts'
import type { Tables } from './tables.ts'

type Queryable = Pick<pg.Pool, 'query'>

/** An endpoint that is held by whoever asks. */
export interface HeldEndpoint
  extends Pick<
    Tables['webhook_endpoint'],
    'tenant_id' | 'url' | 'headers' | 'secret' | 'earlier_secret' | 'earlier_until' | 'failing_since'
  > {
  id: string
}

/** What is to be told. */
export interface OpenDelivery {
  number: number
  endpoint_id: string
  tenant_id: string
  /** A number as text. */
  lane: string
  late: boolean
  /** That have failed. */
  tries: number
  /** Milliseconds since the first of them. */
  tried_ms: number
  event: ToldEvent
}

/** One attempt, as the log keeps it. */
export interface Attempt {
  at: string
  /** Milliseconds until the answer, or until it was given up. */
  ms: number
  /** Of the answer; left out: there was none. */
  status?: number
  error?: string
  /** How the answer begins. */
  answer?: string
}

export interface Outcome {
  number: number
  status: 'pending' | 'delivered' | 'dead'
  late: boolean
  tries: number
  waitMs: number
  attempt: Attempt
}

/** Endpoints with open deliveries above a number, and the highest of these. Numbers are not committed in their order. */
export const webhooksWithNew = async (
  db: Queryable,
  above: number,
): Promise<{ endpoint_id: string; number: number }[]> =>
  (await db.query<{ endpoint_id: string; number: number }>('SELECT * FROM webhooks_with_new($1)', [above])).rows

/** All that have something open, and that no other living process tells. */
export const webhooksWithOpen = async (db: Queryable, holder: string): Promise<string[]> =>
  (await db.query<{ id: string }>('SELECT webhooks_with_open($1) AS id', [holder])).rows.map(({ id }) => id)

/** Takes endpoints for so many seconds, or goes on holding them; answers those that are held now, and enabled. */
export const takeWebhooks = async (
  db: Queryable,
  holder: string,
  endpoints: string[],
  seconds: number,
): Promise<HeldEndpoint[]> =>
  (await db.query<HeldEndpoint>('SELECT * FROM take_webhooks($1, $2, $3)', [holder, endpoints, seconds])).rows

export async function releaseWebhooks(db: Queryable, holder: string, endpoints: string[]): Promise<void> {
  await db.query('SELECT release_webhooks($1, $2)', [holder, endpoints])
}

type OpenDeliveryRow = Omit<OpenDelivery, 'event'> & ToldEvent & { event_id: string }

/** What held endpoints can be told now, in the order of numbers: at most so many in lanes, and as many late ones, of each. */
export async function loadDeliveries(
  db: Queryable,
  holder: string,
  endpoints: string[],
  most: number,
): Promise<OpenDelivery[]> {
  const text = 'SELECT * FROM load_deliveries($1, $2, $3)'
  const { rows } = await db.query<OpenDeliveryRow>({ text, values: [holder, endpoints, most] })
  return rows.map(({ number, endpoint_id, tenant_id, lane, late, tries, tried_ms, event_id, ...event }) => ({
    number,
    endpoint_id,
    tenant_id,
    lane,
    late,
    tries,
    tried_ms,
    event: { ...event, id: event_id },
  }))
}

/** Writes what came of attempts. Can be repeated; `kept` attempts of each delivery are kept. */
export async function settleDeliveries(
  db: Queryable,
  holder: string,
  outcomes: Outcome[],
  kept: number,
): Promise<void> {
  const rows = outcomes.map(({ waitMs, ...outcome }) => ({ ...outcome, wait_ms: waitMs }))
  await db.query('SELECT settle_deliveries($1, $2, $3)', [holder, JSON.stringify(rows), kept])
}

export async function noteWebhookHealth(db: Queryable, endpoint: string, isFailing: boolean): Promise<void> {
  await db.query('SELECT note_webhook_health($1, $2)', [endpoint, isFailing])
}

/** Tells an endpoint nothing any more, and the tenant's others that it is so. */
export async function pauseWebhook(db: Queryable, endpoint: string, reason: 'failing' | 'gone'): Promise<void> {
  await db.query('SELECT pause_webhook($1, $2)', [endpoint, reason])
}
