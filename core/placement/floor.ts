/**
 * The workers and who sits where, as the plan goes on.
 *
 * A tenant holds a slot of a worker when it is its target, when a session of it is placed there, or when one is still held by
 * a boot of it: while a tenant moves, both slots are taken until its last session has left the old worker.
 */
import type { SessionView, Snapshot, TierView, WorkerView } from './snapshot.ts'
import { byName } from './sort.ts'

export interface Load {
  tenants: Set<string>
  /** Session → its tenant. */
  sessions: Map<string, string>
}

export class Floor {
  readonly workers: readonly WorkerView[]
  readonly load = new Map<string, Load>()
  readonly #byName: ReadonlyMap<string, WorkerView>
  /** Fresh workers that this plan takes, and whose own they become. */
  readonly #occupied = new Map<string, string | undefined>()

  constructor(snapshot: Snapshot) {
    this.workers = [...snapshot.workers].sort(byName)
    this.#byName = new Map(this.workers.map((worker) => [worker.name, worker]))
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

  /** The best worker for a tenant that has to go somewhere: its own before a fresh one, then the fullest with room. */
  choose(tier: TierView, tenant: string, sessions: number): WorkerView | undefined {
    return this.workers
      .filter((worker) => this.#takes(worker, tier, tenant, sessions))
      .sort((a, b) => this.#compare(a, b, tenant))[0]
  }

  #takes(worker: WorkerView, tier: TierView, tenant: string, sessions: number): boolean {
    if (worker.tier !== tier.name || worker.podUID === undefined || worker.deleting) return false
    if (worker.desiredState !== 'Active' || worker.phase !== 'Ready') return false
    const own = this.tenantOf(worker)
    if (tier.dedicated) return own === tenant || (own === undefined && !this.isUsed(worker) && this.isEmpty(worker))
    const load = this.#loadOf(worker)
    const seats = load.tenants.size + (load.tenants.has(tenant) ? 0 : 1)
    // A tenant that alone is over the cap still gets an empty worker; its last sessions wait there.
    const fits = load.sessions.size + sessions <= tier.sessionsPerWorker || load.sessions.size === 0
    return own === undefined && seats <= tier.tenantsPerWorker && fits
  }

  #compare(a: WorkerView, b: WorkerView, tenant: string): number {
    return (
      Number(this.tenantOf(b) === tenant) - Number(this.tenantOf(a) === tenant) ||
      this.#loadOf(b).tenants.size - this.#loadOf(a).tenants.size ||
      this.#loadOf(b).sessions.size - this.#loadOf(a).sessions.size ||
      byName(a, b)
    )
  }

  #loadOf(worker: WorkerView): Load {
    return this.load.get(worker.name)!
  }
}
