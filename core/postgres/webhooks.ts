/**
 * Deliveries of events (migration 0012): as whoever tells endpoints sees and settles them, across tenants, and the queries
 * of one tenant that tell something again.
 */
import { type Insertable, sql, type Updateable } from 'kysely'
import type pg from 'pg'
import type { ToldEvent } from './events.ts'
import { db, type Tables } from './tables.ts'

export type NewEndpoint = Insertable<Tables['webhook_endpoint']>
export type EndpointChange = Updateable<Tables['webhook_endpoint']>

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

/** Of time, both ends left out; the oldest `limit`. */
export interface Span {
  after?: Date | undefined
  before?: Date | undefined
  limit: number
}

/** What is told again is beside its lane from the start: the events after it have been told already, or will be. */
export const deliveriesAgain = () =>
  db.updateTable('webhook_delivery').set({
    status: 'pending',
    late: true,
    tries: 0,
    next_at: sql<Date>`clock_timestamp()`,
    tried_since: null,
  })

/** Deliveries of events that an endpoint wants, and was not to be told of: it was not there, was disabled, or did not want them. */
export function missedDeliveries(tenantId: string, endpointId: string, { after, before, limit }: Span) {
  let missed = db
    .selectFrom('event as e')
    .innerJoin('webhook_endpoint as w', (join) => join.on('w.id', '=', endpointId))
    .leftJoin('session as s', 's.id', 'e.session_id')
    .leftJoin('webhook_delivery as d', (join) =>
      join.onRef('d.event_id', '=', 'e.id').onRef('d.endpoint_id', '=', 'w.id'),
    )
    .where('e.tenant_id', '=', tenantId)
    .where('d.number', 'is', null)
    .where(sql<boolean>`(w.events IS NULL OR e.type = ANY (w.events))`)
    .where(sql<boolean>`(w.sessions IS NULL OR s.id IS NULL OR s.name = ANY (w.sessions))`)
    .orderBy('e.xid')
    .orderBy('e.number')
    .limit(limit)
    .select(['e.tenant_id', 'w.id as endpoint_id', 'e.id as event_id'])
    .select([sql<number>`webhook_lane(e.session_id, e.data)`.as('lane'), sql<boolean>`true`.as('late')])
  if (after) missed = missed.where('e.occurred_at', '>', after)
  if (before) missed = missed.where('e.occurred_at', '<', before)
  return db
    .insertInto('webhook_delivery')
    .columns(['tenant_id', 'endpoint_id', 'event_id', 'lane', 'late'])
    .expression(missed)
    .onConflict((conflict) => conflict.doNothing())
    .returning('number')
}
