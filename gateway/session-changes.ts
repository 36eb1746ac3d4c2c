/** Changes of a session's resource, and the wait until the operator has taken them up. */
import { resourceNameOf, sessionIdOf } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Caller } from './auth.ts'
import type { Context } from './context.ts'
import type { ResourceKey } from './control-plane.ts'
import { findSession, installationId, type SessionRow } from './data/sessions.ts'
import { requireSession } from './find.ts'
import { Problem } from './problems/problem.ts'
import type { Session } from './schemas.ts'
import { sessionView } from './session-view.ts'
import { until } from './until.ts'
import type { Wish } from './wish.ts'

type Services = Pick<Context, 'database' | 'controlPlane' | 'holds'>

/** The resource behind a session name: the one that the mirror knows, or the one that the API would create. */
export const keyOf = (caller: Caller, name: string, row: SessionRow | undefined): ResourceKey => ({
  tenant: caller.tenantName,
  resourceName: row?.resource_name ?? resourceNameOf(caller.tenantName, name),
})

/** The session once the operator took the change up; after a while as it will be. */
export async function takenUp(
  { database, controlPlane, holds }: Services,
  caller: Caller,
  name: string,
  resource: WhatsAppSession,
  isSettled: (row: SessionRow) => boolean = () => true,
): Promise<Session> {
  const { desiredState } = resource.spec
  const row = await until(holds.takeUpMs, async () => {
    const found = await findSession(database, caller.tenantId, name)
    return found?.desired_state === desiredState && isSettled(found) ? found : undefined
  })
  if (row) return sessionView(row)
  const known = await findSession(database, caller.tenantId, name)
  if (known) return sessionView({ ...known, desired_state: desiredState })
  return {
    id:
      resource.status?.id ??
      sessionIdOf(await installationId(database), controlPlane.namespace, resource.metadata.name),
    name,
    state: 'Pending',
    reason: 'NotTakenUp',
    message: 'The platform has not taken the session up yet. Nothing to do: it goes on by itself',
    since: resource.metadata.creationTimestamp!,
    attempt: 0,
    desiredState,
    createdAt: resource.metadata.creationTimestamp!,
  }
}

/** Changes a session that must be there already; `wishFor` throws what is against it. */
export async function changeSession(
  services: Services,
  caller: Caller,
  name: string,
  wishFor: (current: WhatsAppSession, row: SessionRow) => Wish,
  isSettled?: (row: SessionRow) => boolean,
): Promise<Session> {
  const row = await requireSession(services.database, caller.tenantId, name)
  const { session } = await services.controlPlane.declare(keyOf(caller, name, row), (current) => {
    if (!current) throw new Problem('session_not_found')
    return wishFor(current, row)
  })
  return takenUp(services, caller, name, session, isSettled)
}
