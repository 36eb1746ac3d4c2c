/** Which sessions should have a place, and why the others should not. */
import { deleting, quotaExceeded, stopped, suspended, tenantNotFound, tierNotFound } from './reasons.ts'
import type { Reason, SessionView, Snapshot, TenantView, TierView } from './snapshot.ts'
import { byName, byText, trueFirst } from './sort.ts'

/** All that bears a tenant's name. The tenant itself may be missing. */
export interface Household {
  name: string
  tenant?: TenantView
  sessions: SessionView[]
}

/** A tenant with sessions that should run: these, first those that keep their place when there are too many. */
export interface Party {
  tenant: TenantView
  tier: TierView
  sessions: readonly SessionView[]
  household: Household
}

/** What is right for a household, wherever there is room. */
export interface Ruling {
  household: Household
  party?: Party
  /** Sessions that must not be anywhere. */
  refused: readonly Refusal[]
  /** Sessions that stay where they are, if anywhere: nobody can say where they belong. */
  unknown: readonly Refusal[]
  /** It has nothing to run, and a target that it does not need. One whose tier is not known keeps it. */
  isIdle: boolean
}

export interface Refusal {
  session: SessionView
  reason: Reason
}

/** In the order of their names, as the sessions in each. */
export function householdsOf({ tenants, sessions }: Pick<Snapshot, 'tenants' | 'sessions'>): Household[] {
  const households = new Map<string, Household>()
  for (const tenant of tenants) households.set(tenant.name, { name: tenant.name, tenant, sessions: [] })
  for (const session of sessions) {
    const household = households.get(session.tenant)
    if (household) household.sessions.push(session)
    else households.set(session.tenant, { name: session.tenant, sessions: [session] })
  }
  for (const { sessions } of households.values()) if (sessions.length > 1) sessions.sort(byName)
  return [...households.values()].sort(byName)
}

export function admit(household: Household, tiers: ReadonlyMap<string, TierView>): Ruling {
  const { tenant, sessions } = household
  const tier = tenant && tiers.get(tenant.tier)
  const welcome: SessionView[] = []
  const refused: Refusal[] = []
  const unknown: Refusal[] = []
  for (const session of sessions) {
    const reason = reasonAgainst(session, tenant)
    if (reason) refused.push({ session, reason })
    // A mistyped tier must not stop what works.
    else if (!tier) unknown.push({ session, reason: tierNotFound(tenant!.name, tenant!.tier) })
    else welcome.push(session)
  }
  if (!tenant || !tier || welcome.length === 0) {
    return { household, refused, unknown, isIdle: tenant?.worker !== undefined && tier !== undefined }
  }
  welcome.sort(byRight)
  for (const [index, session] of welcome.splice(tier.sessionsPerTenant).entries()) {
    refused.push({ session, reason: quotaExceeded(tenant.name, tier, tier.sessionsPerTenant + index + 1) })
  }
  return { household, party: { tenant, tier, sessions: welcome, household }, refused, unknown, isIdle: false }
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
const byRight = (a: SessionView, b: SessionView): number =>
  trueFirst(a.linked, b.linked) ||
  trueFirst(a.placement !== undefined, b.placement !== undefined) ||
  byText(a.createdAt, b.createdAt) ||
  byName(a, b)
