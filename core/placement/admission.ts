/** Which sessions should have a place, and why the others should not. */
import { deleting, quotaExceeded, stopped, suspended, tenantNotFound, tierNotFound } from './reasons.ts'
import type { Reason, SessionView, Snapshot, TenantView, TierView } from './snapshot.ts'
import { byName, byText, trueFirst } from './sort.ts'

/** A tenant with sessions that should run. */
export interface Party {
  tenant: TenantView
  tier: TierView
  sessions: SessionView[]
}

export interface Admission {
  parties: Party[]
  /** Sessions that must not be anywhere. */
  refused: Map<string, Reason>
  /** Sessions that stay where they are, if anywhere: nobody can say where they belong. */
  unknown: Map<string, Reason>
}

export function admit(snapshot: Snapshot): Admission {
  const tenants = new Map(snapshot.tenants.map((tenant) => [tenant.name, tenant]))
  const tiers = new Map(snapshot.tiers.map((tier) => [tier.name, tier]))
  const parties = new Map<string, Party>()
  const refused = new Map<string, Reason>()
  const unknown = new Map<string, Reason>()

  for (const session of [...snapshot.sessions].sort(byName)) {
    const tenant = tenants.get(session.tenant)
    const tier = tenant && tiers.get(tenant.tier)
    const refusal = reasonAgainst(session, tenant)
    if (refusal || !tenant) refused.set(session.name, refusal ?? tenantNotFound(session.tenant))
    // A mistyped tier must not stop what works.
    else if (!tier) unknown.set(session.name, tierNotFound(tenant.name, tenant.tier))
    else {
      const party = parties.get(tenant.name) ?? { tenant, tier, sessions: [] }
      party.sessions.push(session)
      parties.set(tenant.name, party)
    }
  }
  for (const party of parties.values()) applyQuota(party, refused)
  return { parties: [...parties.values()], refused, unknown }
}

function reasonAgainst(session: SessionView, tenant: TenantView | undefined): Reason | undefined {
  if (session.leaving) return deleting
  if (session.blocked) return session.blocked
  if (!tenant) return tenantNotFound(session.tenant)
  if (tenant.suspended) return suspended(tenant.name)
  if (!session.running) return stopped
  return undefined
}

/** Over the quota: linked first, then those that have a place, then the oldest keep it. */
function applyQuota(party: Party, refused: Map<string, Reason>): void {
  const { tenant, tier } = party
  party.sessions.sort(
    (a, b) =>
      trueFirst(a.linked, b.linked) ||
      trueFirst(a.placement !== undefined, b.placement !== undefined) ||
      byText(a.createdAt, b.createdAt) ||
      byName(a, b),
  )
  party.sessions.splice(tier.sessionsPerTenant).forEach((session, index) => {
    refused.set(session.name, quotaExceeded(tenant.name, tier, tier.sessionsPerTenant + index + 1))
  })
}
