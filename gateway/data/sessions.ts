/** Sessions as Postgres knows them: the operator's mirror, the owner and the state that the owner wrote. */
import { db } from '@berth/core/postgres/tables.ts'
import type { Owner } from '../routing/owner.ts'
import type { Database } from './database.ts'

const view = () =>
  db
    .selectFrom('session as s')
    .leftJoin('session_owner as o', 'o.session_id', 's.id')
    .leftJoin('worker_lease as l', 'l.boot_id', 'o.boot_id')
    .leftJoin('session_state as t', 't.session_id', 's.id')
    .where('s.deleted_at', 'is', null)
    .select([
      's.id',
      's.name',
      's.provider',
      's.resource_name',
      's.desired_state',
      's.obstacle',
      's.created_at',
      'o.epoch as owner_epoch',
      'o.boot_id',
      'o.claimed_at',
      'o.released_at',
      'l.address',
      'l.ended_at',
      'l.revoked_at',
      't.state',
      't.reason',
      't.message',
      't.attempt',
      't.since',
      't.phone_number',
      't.lid',
      't.epoch as state_epoch',
    ])

export type SessionRow = Awaited<ReturnType<ReturnType<typeof view>['execute']>>[number]

export async function findSession(database: Database, tenantId: string, name: string): Promise<SessionRow | undefined> {
  const [row] = await database.query(tenantId, view().where('s.name', '=', name))
  return row
}

/** In the order of their names, from after `after` on. */
export const listSessions = (
  database: Database,
  tenantId: string,
  page: { limit: number; after?: string },
): Promise<SessionRow[]> => {
  const query = view().orderBy('s.name').limit(page.limit)
  return database.query(tenantId, page.after === undefined ? query : query.where('s.name', '>', page.after))
}

/** All that there are: a tier limits them. */
export const listSessionNames = (database: Database, tenantId: string): Promise<{ id: string; name: string }[]> =>
  database.query(tenantId, db.selectFrom('session').select(['id', 'name']).where('deleted_at', 'is', null))

export async function countSessions(database: Database, tenantId: string): Promise<number> {
  const [row] = await database.query(
    tenantId,
    db
      .selectFrom('session')
      .where('deleted_at', 'is', null)
      .select((select) => select.fn.countAll<number>().as('count')),
  )
  return row!.count
}

/** The session with this id was deleted, but its data was kept. */
export async function isRetained(database: Database, tenantId: string, sessionId: string): Promise<boolean> {
  const rows = await database.query(
    tenantId,
    db.selectFrom('session').select('id').where('id', '=', sessionId).where('deleted_at', 'is not', null),
  )
  return rows.length > 0
}

/** Who holds the session now; undefined while nobody does. */
export async function findOwner(database: Database, tenantId: string, sessionId: string): Promise<Owner | undefined> {
  const [row] = await database.query(
    tenantId,
    db
      .selectFrom('session_owner as o')
      .innerJoin('worker_lease as l', 'l.boot_id', 'o.boot_id')
      .where('o.session_id', '=', sessionId)
      .where('o.released_at', 'is', null)
      .where('l.ended_at', 'is', null)
      .where('l.revoked_at', 'is', null)
      .select(['l.boot_id', 'l.address']),
  )
  return row && { bootId: row.boot_id, address: row.address }
}

/** The installation's own id: the space of all other ids. */
export async function installationId(database: Database): Promise<string> {
  const [row] = await database.shared(db.selectFrom('installation').select('id'))
  return row!.id
}
