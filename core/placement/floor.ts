/**
 * The workers and who sits where, as the plan goes on.
 *
 * A tenant holds a slot of a worker when it is its target, when a session of it is placed there, or when one is still held by
 * a boot of it: while a tenant moves, both slots are taken until its last session has left the old worker.
 */
import type { SessionView, Snapshot, TierView, WorkerView } from './snapshot.ts'
import { byName, trueFirst } from './sort.ts'

export interface Load {
  tenants: Set<string>
  /** Session → its tenant. */
  sessions: Map<string, string>
}

/** A tenant and its sessions. */
interface PartyView {
  tenant: { name: string }
  tier: TierView
  sessions: readonly SessionView[]
}

/** Of which template a worker should rather be. */
export type TemplateChoice = 'prefer current' | 'prefer outdated'

export class Floor {
  readonly workers: readonly WorkerView[]
  readonly load = new Map<string, Load>()
  readonly #byName: ReadonlyMap<string, WorkerView>
  /** Tier → revision of its template. */
  readonly #revisions: ReadonlyMap<string, string>
  /** Worker → sessions that will be on it when all who belong there have come; where it is more than there are. */
  readonly #expected = new Map<string, number>()
  /** Fresh workers that this plan takes, and whose own they become. */
  readonly #occupied = new Map<string, string | undefined>()

  constructor(snapshot: Snapshot) {
    this.workers = [...snapshot.workers].sort(byName)
    this.#byName = new Map(this.workers.map((worker) => [worker.name, worker]))
    this.#revisions = new Map(snapshot.tiers.map(({ name, revision }) => [name, revision]))
    for (const worker of this.workers) this.load.set(worker.name, { tenants: new Set(), sessions: new Map() })
    for (const tenant of snapshot.tenants) if (tenant.worker) this.reserve(tenant.worker, tenant.name)
    for (const session of snapshot.sessions) {
      if (session.placement) this.seat(session.placement.worker, session)
      if (session.owner?.heldBy) this.seat(session.owner.heldBy, session)
    }
  }

  get(name: string | undefined): WorkerView | undefined {
    return name === undefined ? undefined : this.#byName.get(name)
  }

  /** The tenant's slot on its target. */
  reserve(worker: string, tenant: string): void {
    this.load.get(worker)?.tenants.add(tenant)
  }

  /** The sessions of a tenant that belongs here now count, wherever they still are. */
  expect(worker: string, party: PartyView): void {
    this.#expected.set(worker, this.#countOn(worker) + this.#comingTo(worker, party))
  }

  /** Gives the tenant's slot back, unless a session of it is still there. */
  unreserve(worker: string, tenant: string): void {
    const load = this.load.get(worker)
    if (load && ![...load.sessions.values()].includes(tenant)) load.tenants.delete(tenant)
  }

  seat(worker: string, session: Pick<SessionView, 'name' | 'tenant'>): void {
    this.reserve(worker, session.tenant)
    this.load.get(worker)?.sessions.set(session.name, session.tenant)
  }

  /** A placement is removed; while a boot holds the session, its seat stays taken. The target keeps its slot. */
  unseat(worker: string, { name, owner }: SessionView): void {
    if (owner?.heldBy !== worker) this.load.get(worker)?.sessions.delete(name)
  }

  /** Takes a worker into use: from now on it is nobody's spare; a dedicated one is the tenant's own. */
  occupy(worker: string, tenant: string | undefined): void {
    this.#occupied.set(worker, tenant)
  }

  isUsed(worker: WorkerView): boolean {
    return worker.used || this.#occupied.has(worker.name)
  }

  /** The tenant that a dedicated worker belongs to. */
  tenantOf(worker: WorkerView): string | undefined {
    return worker.tenant ?? this.#occupied.get(worker.name)
  }

  /** Its pod was made from another template than its tier has now. */
  isOutdated({ tier, revision }: WorkerView): boolean {
    return revision !== undefined && this.#revisions.has(tier) && revision !== this.#revisions.get(tier)
  }

  isEmpty(worker: WorkerView): boolean {
    const { tenants, sessions } = this.#loadOf(worker)
    return tenants.size === 0 && sessions.size === 0
  }

  holds(worker: WorkerView, tenant: string): boolean {
    return this.#loadOf(worker).tenants.has(tenant)
  }

  sessionsOn(worker: WorkerView): number {
    return this.#loadOf(worker).sessions.size
  }

  /** May the tenant's sessions stay on this worker for good? A cordoned one keeps whom it has. */
  suits(worker: WorkerView, tier: TierView, tenant: string): boolean {
    return (
      worker.tier === tier.name &&
      worker.podUID !== undefined &&
      !worker.deleting &&
      worker.desiredState !== 'Drained' &&
      (worker.phase === 'Ready' || worker.phase === 'Unsure') &&
      this.tenantOf(worker) === (tier.dedicated ? tenant : undefined)
    )
  }

  /**
   * The best worker for a tenant that has to go somewhere: its own before a fresh one, then one of the preferred template,
   * then one where it is already, then the fullest with room.
   */
  choose(
    party: PartyView,
    template: TemplateChoice,
    isAllowed: (worker: WorkerView) => boolean = () => true,
  ): WorkerView | undefined {
    return this.workers
      .filter((worker) => this.#takes(worker, party) && isAllowed(worker))
      .sort((a, b) => this.#compare(a, b, party.tenant.name, template))[0]
  }

  #takes(worker: WorkerView, party: PartyView): boolean {
    const { tier } = party
    const tenant = party.tenant.name
    if (worker.tier !== tier.name || worker.podUID === undefined || worker.deleting) return false
    if (worker.desiredState !== 'Active' || worker.phase !== 'Ready') return false
    const own = this.tenantOf(worker)
    if (tier.dedicated) return own === tenant || (own === undefined && !this.isUsed(worker) && this.isEmpty(worker))
    const load = this.#loadOf(worker)
    const seats = load.tenants.size + (load.tenants.has(tenant) ? 0 : 1)
    // A tenant that alone is over the cap still gets an empty worker; its last sessions wait there.
    const sessions = this.#countOn(worker.name)
    const fits = sessions + this.#comingTo(worker.name, party) <= tier.sessionsPerWorker || sessions === 0
    return own === undefined && seats <= tier.tenantsPerWorker && fits
  }

  #compare(a: WorkerView, b: WorkerView, tenant: string, template: TemplateChoice): number {
    const outdatedLast = trueFirst(this.isOutdated(b), this.isOutdated(a))
    return (
      trueFirst(this.tenantOf(a) === tenant, this.tenantOf(b) === tenant) ||
      (template === 'prefer outdated' ? -outdatedLast : outdatedLast) ||
      trueFirst(this.holds(a, tenant), this.holds(b, tenant)) ||
      this.#loadOf(b).tenants.size - this.#loadOf(a).tenants.size ||
      this.#loadOf(b).sessions.size - this.#loadOf(a).sessions.size ||
      byName(a, b)
    )
  }

  /** Sessions on it or to come. */
  #countOn(worker: string): number {
    return this.#expected.get(worker) ?? this.load.get(worker)!.sessions.size
  }

  #comingTo(worker: string, { tenant, sessions }: PartyView): number {
    const load = this.load.get(worker)!
    if (!load.tenants.has(tenant.name)) return sessions.length
    return sessions.filter(({ name }) => !load.sessions.has(name)).length
  }

  #loadOf(worker: WorkerView): Load {
    return this.load.get(worker.name)!
  }
}
