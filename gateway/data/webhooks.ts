/** Webhook endpoints of a tenant, and the deliveries to them. */
import { type DeliveryStatus, db } from '@berth/core/postgres/tables.ts'
import {
  deliveriesAgain,
  type EndpointChange,
  missedDeliveries,
  type NewEndpoint,
  type Span,
} from '@berth/core/postgres/webhooks.ts'
import type { Database } from './database.ts'

const view = () => db.selectFrom('webhook_endpoint').selectAll()
export type EndpointRow = Awaited<ReturnType<ReturnType<typeof view>['execute']>>[number]

interface OfEndpoint {
  tenantId: string
  endpointId: string
}

/** undefined: the tenant has `most` of them, or more. */
export async function insertEndpoint(
  database: Database,
  row: NewEndpoint,
  most: number,
): Promise<EndpointRow | undefined> {
  const [{ count } = { count: 0 }] = await database.query(
    row.tenant_id,
    db.selectFrom('webhook_endpoint').select((select) => select.fn.countAll<number>().as('count')),
  )
  if (count >= most) return undefined
  const [added] = await database.query(row.tenant_id, db.insertInto('webhook_endpoint').values(row).returningAll())
  return added
}

export async function findEndpoint(
  database: Database,
  { tenantId, endpointId }: OfEndpoint,
): Promise<EndpointRow | undefined> {
  const [row] = await database.query(tenantId, view().where('id', '=', endpointId))
  return row
}

/** The oldest first, from after `after` on. */
export function listEndpoints(
  database: Database,
  tenantId: string,
  { limit, after }: { limit: number; after?: string },
): Promise<EndpointRow[]> {
  const query = view().orderBy('id').limit(limit)
  return database.query(tenantId, after === undefined ? query : query.where('id', '>', after))
}

/** undefined: there is none. */
export async function changeEndpoint(
  database: Database,
  { tenantId, endpointId }: OfEndpoint,
  change: EndpointChange,
): Promise<EndpointRow | undefined> {
  const query = db.updateTable('webhook_endpoint').set(change).where('id', '=', endpointId).returningAll()
  const [row] = await database.query(tenantId, query)
  return row
}

/** Its deliveries go with their events. */
export async function deleteEndpoint(database: Database, { tenantId, endpointId }: OfEndpoint): Promise<boolean> {
  const query = db.deleteFrom('webhook_endpoint').where('id', '=', endpointId).returning('id')
  return (await database.query(tenantId, query)).length > 0
}

const deliveries = () =>
  db
    .selectFrom('webhook_delivery as d')
    .innerJoin('event as e', 'e.id', 'd.event_id')
    .leftJoin('session as s', 's.id', 'e.session_id')
    .select(['d.number', 'd.event_id', 'd.status', 'd.late', 'd.tries', 'd.next_at', 'd.attempts', 'd.created_at'])
    .select(['e.type', 's.name as session'])
export type DeliveryRow = Awaited<ReturnType<ReturnType<typeof deliveries>['execute']>>[number]

/** Newest first. */
export function listDeliveries(
  database: Database,
  { tenantId, endpointId }: OfEndpoint,
  { status, below, limit }: { status?: DeliveryStatus | undefined; below?: number; limit: number },
): Promise<DeliveryRow[]> {
  let query = deliveries()
    .where('d.tenant_id', '=', tenantId)
    .where('d.endpoint_id', '=', endpointId)
    .orderBy('d.number', 'desc')
    .limit(limit)
  if (status) query = query.where('d.status', '=', status)
  if (below !== undefined) query = query.where('d.number', '<', below)
  return database.query(tenantId, query)
}

export async function findDelivery(
  database: Database,
  { tenantId, endpointId }: OfEndpoint,
  eventId: string,
): Promise<DeliveryRow | undefined> {
  const query = deliveries().where('d.event_id', '=', eventId).where('d.endpoint_id', '=', endpointId)
  const [row] = await database.query(tenantId, query)
  return row
}

/** One that is still to be told goes on as it is. */
export async function replayDelivery(database: Database, { tenantId, endpointId }: OfEndpoint, eventId: string) {
  const query = deliveriesAgain().where('event_id', '=', eventId).where('endpoint_id', '=', endpointId)
  await database.query(tenantId, query.where('status', '<>', 'pending').returning('number'))
}

/** The oldest ones that have ended so; answers how many. */
export async function replayDeliveries(
  database: Database,
  { tenantId, endpointId }: OfEndpoint,
  status: Exclude<DeliveryStatus, 'pending'>,
  { after, before, limit }: Span,
): Promise<number> {
  let chosen = db
    .selectFrom('webhook_delivery')
    .select('number')
    .where('tenant_id', '=', tenantId)
    .where('endpoint_id', '=', endpointId)
    .where('status', '=', status)
    .orderBy('number')
    .limit(limit)
  if (after) chosen = chosen.where('created_at', '>', after)
  if (before) chosen = chosen.where('created_at', '<', before)
  const query = deliveriesAgain().where('number', 'in', chosen).returning('number')
  return (await database.query(tenantId, query)).length
}

/** Has an endpoint told of events that it was never to be told of; answers how many. */
export async function tellMissed(
  database: Database,
  { tenantId, endpointId }: OfEndpoint,
  span: Span,
): Promise<number> {
  return (await database.query(tenantId, missedDeliveries(tenantId, endpointId, span))).length
}
