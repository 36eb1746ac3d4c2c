/** What the operator says of a tenant. Pure. */
import type { Tenant, TenantStatus } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Reason } from '@berth/core/placement/snapshot.ts'
import { notReady, ownConditions, ready, type Saying } from './conditions.ts'

export interface TenantSight {
  id?: string
  worker?: string
  tier?: Tier
  /** Sessions that should run. */
  desired: number
  connected: number
  /** Reasons of those of its sessions that should run and have no place. */
  refused: Reason[]
  /** Names of the sessions that its deletion waits for. */
  remaining: string[]
  deleting: boolean
}

export function tenantStatus(tenant: Tenant, sight: TenantSight, now: Date): TenantStatus {
  return {
    observedGeneration: tenant.metadata.generation,
    id: sight.id,
    worker: sight.worker,
    sessions: {
      desired: sight.desired,
      connected: sight.connected,
      limit: sight.tier?.spec.limits.sessionsPerTenant ?? 0,
    },
    conditions: ownConditions(tenant, { Ready: readinessOf(tenant, sight) }, now),
  }
}

function readinessOf(
  { metadata, spec }: Tenant,
  { tier, refused, remaining, deleting, desired, connected }: TenantSight,
): Saying {
  if (deleting) {
    const names = remaining.slice(0, 10).join(', ') + (remaining.length > 10 ? ', …' : '')
    return notReady('Deleting', `Delete its sessions first: ${names}.`)
  }
  if (!tier) {
    return notReady('TierNotFound', `There is no Tier ${spec.tier}. Create it, or set spec.tier to one that exists.`)
  }
  if (spec.state === 'Suspended') {
    return notReady(
      'Suspended',
      `Tenant ${metadata.name} is suspended. Set spec.state to Active to go on; nothing is lost.`,
    )
  }
  const first = refused[0]
  if (first) return notReady(first.reason, first.message)
  return ready('Active', `${connected} of ${desired} sessions are connected.`)
}
