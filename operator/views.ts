/**
 * Tenants and sessions as the planner sees them, kept from round to round: the same object as long as it says the same, by
 * which the planner knows what has changed.
 */
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { SessionView, TenantView } from '@berth/core/placement/snapshot.ts'
import { isLinked, type SessionFacts, sessionView, tenantView } from './snapshot.ts'

interface Kept {
  facts: readonly unknown[]
  view: SessionView
}

/** A resource that changes is another object, so that nothing is kept of the one before. */
export class Views {
  readonly #tenants = new WeakMap<Tenant, TenantView>()
  readonly #sessions = new WeakMap<WhatsAppSession, Kept>()

  tenant(tenant: Tenant): TenantView {
    const view = this.#tenants.get(tenant) ?? tenantView(tenant)
    this.#tenants.set(tenant, view)
    return view
  }

  session(session: WhatsAppSession, more: SessionFacts): SessionView {
    const { leaving, blocked, owner, state, connected } = more
    const { generation, wanted, podUID, heldBy } = owner ?? {}
    const facts = [leaving, blocked?.message, generation, wanted, podUID, heldBy, isLinked(state), connected]
    const known = this.#sessions.get(session)
    if (known && facts.every((fact, index) => fact === known.facts[index])) return known.view
    const view = sessionView(session, more)
    this.#sessions.set(session, { facts, view })
    return view
  }
}
