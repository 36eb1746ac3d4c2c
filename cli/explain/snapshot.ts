/** Everything that bears on where one session is, read at once. */
import type { Event } from '@berth/core/model/builtin.ts'
import { EventKind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { CliError } from '../error.ts'
import { findSession } from '../find.ts'
import type { Installation } from '../installation.ts'
import type { Ownership } from '../ownership.ts'

export interface Snapshot {
  session: WhatsAppSession
  tenant: Tenant | undefined
  tier: Tier | undefined
  /** All of the tenant, this one too. */
  sessions: WhatsAppSession[]
  /** Those of the tier, and the one where it is placed. */
  workers: Worker[]
  /** About the session, and about workers. */
  events: Event[]
  /** What the database says of its owner, or why that is not known. */
  ownership: { row: Ownership | undefined } | { unknown: string }
}

/** Throws CliError when there is no such session. */
export async function readSnapshot(
  { cluster, withDatabase }: Pick<Installation, 'cluster' | 'withDatabase'>,
  name: string,
): Promise<Snapshot> {
  const client = await cluster()
  const session = await findSession(client, name)
  const { tenant: tenantName } = session.spec
  const [tenant, sessions, workers, events, ownership] = await Promise.all([
    client.get(TenantKind, tenantName),
    client.list(SessionKind, { fieldSelector: `spec.tenant=${tenantName}` }),
    client.list(WorkerKind),
    client.list(EventKind),
    readOwnershipOf(name, withDatabase),
  ])
  const tier = tenant && (await client.get(TierKind, tenant.spec.tier))
  const place = session.status?.placement?.worker
  return {
    session,
    tenant,
    tier,
    sessions: sessions.items,
    workers: workers.items.filter(({ metadata, spec }) => spec.tier === tenant?.spec.tier || metadata.name === place),
    events: events.items.filter(({ involvedObject }) =>
      involvedObject.kind === SessionKind.kind
        ? involvedObject.uid === session.metadata.uid
        : involvedObject.kind === WorkerKind.kind,
    ),
    ownership,
  }
}

/** Without the database there is still much to say. */
async function readOwnershipOf(
  name: string,
  withDatabase: Installation['withDatabase'],
): Promise<Snapshot['ownership']> {
  try {
    const { readOwnership } = await import('../ownership.ts')
    return { row: await withDatabase((pool) => readOwnership(pool, name)) }
  } catch (error) {
    if (error instanceof CliError) return { unknown: error.message }
    throw error
  }
}
