/**
 * Takes resources up: gives each its finalizer, so that no deletion goes unnoticed, then writes its mirror in Postgres.
 * Only what has been taken up can be placed.
 */
import type { KubeObject } from '@berth/core/model/meta.ts'
import { sessionNameOf } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import { namesTaken } from '@berth/core/placement/names-taken.ts'
import { nameTaken } from '@berth/core/placement/reasons.ts'
import type { Reason } from '@berth/core/placement/snapshot.ts'
import { isPermanent, sqlState } from '@berth/core/postgres/pool.ts'
import type { Context } from './context.ts'
import { each } from './each.ts'
import { SESSION_FINALIZER, TENANT_FINALIZER, TIER_FINALIZER } from './labels.ts'
import type { Mirrored } from './mirror.ts'
import { type Collection, hasFinalizer, isDeleting } from './resources.ts'

const UNIQUE_VIOLATION = '23505'

/** Why sessions can't be taken up, by name. */
export async function takeUp(context: Context): Promise<Map<string, Reason>> {
  const { resources, mirror } = context
  const { tiers, tenants, sessions } = resources
  await Promise.all([
    addFinalizers(tiers, TIER_FINALIZER, context),
    addFinalizers(tenants, TENANT_FINALIZER, context),
    addFinalizers(sessions, SESSION_FINALIZER, context),
  ])
  await mirror.writeTiers(tiers.list().filter((tier) => isTakenUp(tier, TIER_FINALIZER)))
  const customers = tenants.list().filter((tenant) => isTakenUp(tenant, TENANT_FINALIZER))
  await mirror.writeTenants(customers)

  const present = sessions.list().filter((session) => hasFinalizer(session, SESSION_FINALIZER) && !isDeleting(session))
  const blocked = takenNames(sessions.list(), context)
  const names = new Set(customers.map(({ metadata }) => metadata.name))
  await mirror.addSessions(
    present.filter(({ metadata, spec }) => !blocked.has(metadata.name) && names.has(spec.tenant)),
  )
  await each(present, async (session) => {
    const { name } = session.metadata
    const { tenant } = session.spec
    if (blocked.has(name) || !tenants.get(tenant)) return
    if (!names.has(tenant)) {
      // What runs already goes on until the session itself is deleted.
      if (!mirror.rowOf(session)) blocked.set(name, tenantLeaves)
      return
    }
    const mirrored = await writeSession(session, context)
    if ('blocked' in mirrored) blocked.set(name, mirrored.blocked)
  })
  return blocked
}

const tenantLeaves: Reason = {
  reason: 'Pending',
  message: 'Its tenant has not been taken up, or is being deleted. Look at the tenant.',
}

/** One session that the database refuses must not keep the others waiting. */
async function writeSession(session: WhatsAppSession, { mirror, log }: Context): Promise<Mirrored> {
  try {
    return await mirror.writeSession(session)
  } catch (error) {
    if (!isPermanent(error)) throw error
    log.warn({ session: session.metadata.name, err: error }, 'the database refused a session')
    return { blocked: refusedBy(error) }
  }
}

const refusedBy = (error: unknown): Reason =>
  sqlState(error) === UNIQUE_VIOLATION
    ? {
        reason: 'NameTaken',
        message: 'Data of another session of this tenant are kept under the same name. Create it under another name.',
      }
    : { reason: 'Failed', message: `The database refuses it: ${(error as Error).message}.` }

const isTakenUp = (object: KubeObject, finalizer: string): boolean =>
  hasFinalizer(object, finalizer) && !isDeleting(object)

async function addFinalizers<T extends KubeObject>(
  collection: Collection<T>,
  finalizer: string,
  { signal }: Context,
): Promise<void> {
  const without = collection.list().filter((object) => !hasFinalizer(object, finalizer) && !isDeleting(object))
  await each(without, async (object) => signal.aborted || collection.addFinalizer(object, finalizer))
}

function takenNames(sessions: readonly WhatsAppSession[], { mirror }: Context): Map<string, Reason> {
  const named = sessions.map((session) => ({
    name: session.metadata.name,
    tenant: session.spec.tenant,
    createdAt: session.metadata.creationTimestamp ?? '',
    takenUp: mirror.rowOf(session) !== undefined,
  }))
  const tenantOf = new Map(named.map(({ name, tenant }) => [name, tenant]))
  return new Map(
    [...namesTaken(named)].map(([name, holder]) => [name, nameTaken(sessionNameOf(name, tenantOf.get(name)!), holder)]),
  )
}
