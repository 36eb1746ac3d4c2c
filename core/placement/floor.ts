/**
 * The workers, and who sits where, as the plan goes on. It can be kept from one plan to the next: what a plan has done to it
 * is taken back before anything else changes.
 */
import type { Party } from './admission.ts'
import { COMFORTABLE, heatOf, isHot } from './heat.ts'
import { type Avoid, type Opening, Openings } from './openings.ts'
import { placesOf, Seats } from './seats.ts'
import type { TierView, WorkerPhase, WorkerView } from './snapshot.ts'
import { byName, trueFirst } from './sort.ts'

/** Of which template a worker should rather be. */
export type TemplateChoice = 'prefer current' | 'prefer outdated'

/** A worker that is hot takes tenants only where nobody else does. */
const [CURRENT, OUTDATED, HOT_CURRENT, HOT_OUTDATED] = [0, 1, 2, 3]
const ORDERS: Record<TemplateChoice, readonly number[]> = {
  'prefer current': [CURRENT, OUTDATED, HOT_CURRENT, HOT_OUTDATED],
  'prefer outdated': [OUTDATED, CURRENT, HOT_OUTDATED, HOT_CURRENT],
}

/** Of a worker with whose host something may be the matter. */
const LOST: ReadonlySet<string> = new Set<WorkerPhase>(['Lost', 'Gone', 'Leaving'])

export class Floor {
  readonly seats = new Seats((worker) => this.#reopen(worker))
  readonly #workers = new Map<string, WorkerView>()
  readonly #tiers = new Map<string, TierView>()
  /** By tier, in the order of their names; made when it is asked for. */
  #ranks: ReadonlyMap<string, readonly WorkerView[]> | undefined
  /** By tier; made when they are asked for. */
  readonly #openings = new Map<string, Openings>()
  /** Worker → sessions that will be on it when all who belong there have come; where it is more than there are. */
  readonly #expected = new Map<string, number>()
  /** Fresh workers that this plan takes, and whose own they become. */
  readonly #occupied = new Map<string, string | undefined>()

  // What changes between plans.

  setTier(tier: TierView): void {
    this.#tiers.set(tier.name, tier)
    this.#openings.delete(tier.name)
  }

  removeTier(name: string): void {
    this.#tiers.delete(name)
    this.#openings.delete(name)
  }

  setWorker(worker: WorkerView): void {
    const before = this.#workers.get(worker.name)
    if (before && before.tier !== worker.tier) this.removeWorker(worker.name)
    this.#workers.set(worker.name, worker)
    this.#ranks = undefined
    this.#open(worker)
  }

  removeWorker(name: string): void {
    const worker = this.#workers.get(name)
    if (!worker) return
    this.#workers.delete(name)
    this.#ranks = undefined
    this.#openings.get(worker.tier)?.delete(name)
  }

  /** From now on it is planned on. */
  begin(): void {
    this.seats.record()
  }

  /** As it was when that began. */
  reset(): void {
    const occupied = [...this.#occupied.keys()]
    this.seats.reset()
    this.#expected.clear()
    this.#occupied.clear()
    for (const worker of occupied) this.#reopen(worker)
  }

  // What a plan asks, and does.

  get(name: string | undefined): WorkerView | undefined {
    return name === undefined ? undefined : this.#workers.get(name)
  }

  get workers(): WorkerView[] {
    return [...this.#workers.values()]
  }

  /** In the order of their names. */
  workersOf(tier: string): readonly WorkerView[] {
    this.#ranks ??= Map.groupBy([...this.#workers.values()].sort(byName), (worker) => worker.tier)
    return this.#ranks.get(tier) ?? []
  }

  /** The sessions of a tenant that belongs here now count, wherever they still are. */
  expect(worker: string, party: Party): void {
    this.#expected.set(worker, this.#countOn(worker) + this.#comingTo(worker, party))
  }

  /** Takes a worker into use: from now on it is nobody's spare; a dedicated one is the tenant's own. */
  occupy(worker: string, tenant: string | undefined): void {
    this.#occupied.set(worker, tenant)
    this.#reopen(worker)
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
    const known = this.#tiers.get(tier)
    return revision !== undefined && known !== undefined && revision !== known.revision
  }

  isHot(worker: WorkerView): boolean {
    const tier = this.#tiers.get(worker.tier)
    return tier !== undefined && isHot(worker, tier)
  }

  /** Which workers stay far from hot with the tenant, whoever makes the load where it is now. */
  comfortFor({ tier, household }: Party): (worker: WorkerView) => boolean {
    const brought = [...placesOf(household)].map((name) => {
      const from = this.#workers.get(name)
      return from ? heatOf(from, tier) : 0
    })
    const most = Math.max(0, ...brought)
    return (worker) => most === 0 || heatOf(worker, tier) + most < COMFORTABLE
  }

  isEmpty({ name }: WorkerView): boolean {
    const { tenants, sessions } = this.seats.of(name)
    return tenants.size === 0 && sessions.size === 0
  }

  holds({ name }: WorkerView, tenant: string): boolean {
    return this.seats.of(name).tenants.has(tenant)
  }

  tenantsOn({ name }: WorkerView): ReadonlySet<string> {
    return this.seats.of(name).tenants
  }

  sessionsOn({ name }: WorkerView): number {
    return this.seats.of(name).sessions.size
  }

  /** May the tenant's sessions stay on this worker for good? A cordoned one keeps whom it has. */
  suits(worker: WorkerView, tier: TierView, tenant: string): boolean {
    return (
      worker.tier === tier.name &&
      worker.podUID !== undefined &&
      !worker.deleting &&
      worker.desiredState !== 'Drained' &&
      (worker.phase === 'Ready' || worker.phase === 'Unsure') &&
      (this.tenantOf(worker) === (tier.dedicated ? tenant : undefined) ||
        (tier.dedicated && this.#isForgotten(worker, tenant)))
    )
  }

  /** A restored API server says that nobody uses it, while the tenant, and nobody else, is on it. */
  #isForgotten(worker: WorkerView, tenant: string): boolean {
    const { size } = this.tenantsOn(worker)
    return !this.isUsed(worker) && size === 1 && this.holds(worker, tenant) && this.sessionsOn(worker) > 0
  }

  /**
   * The best worker for a tenant that has to go somewhere: its own before a fresh one, then one that is not hot, then one of
   * the preferred template, then one where it is already, then the fullest with room, then one away from the host that it has lost, in the zone and
   * on the host where fewest tenants of its tier are.
   */
  choose(
    party: Party,
    template: TemplateChoice,
    isAllowed: (worker: WorkerView) => boolean = () => true,
  ): WorkerView | undefined {
    const takes = (worker: WorkerView) => this.#takes(worker, party) && isAllowed(worker)
    const avoid = this.#lostBy(party)
    const openings = this.#openingsOf(party.tier)
    const order = ORDERS[template]
    const [own] = this.#placesOf(party)
      .filter(takes)
      .map((worker) => this.#openingOf(worker))
      .filter((one) => this.holds(one.worker, party.tenant.name) || this.#isOwn(one, party))
      .sort(
        (a, b) =>
          trueFirst(this.#isOwn(a, party), this.#isOwn(b, party)) ||
          order.indexOf(this.#rankOf(a.worker)) - order.indexOf(this.#rankOf(b.worker)) ||
          b.tenants - a.tenants ||
          openings.compare(a, b, avoid),
      )
    if (own && this.#isOwn(own, party)) return own.worker
    const better = own ? order.slice(0, order.indexOf(this.#rankOf(own.worker))) : order
    return openings.find(better, avoid, takes) ?? own?.worker
  }

  #isOwn({ worker }: Opening, { tier, tenant }: Party): boolean {
    return tier.dedicated && this.tenantOf(worker) === tenant.name
  }

  #takes(worker: WorkerView, party: Party): boolean {
    const { tier } = party
    const tenant = party.tenant.name
    if (worker.tier !== tier.name || !isOpen(worker)) return false
    const own = this.tenantOf(worker)
    if (tier.dedicated) return own === tenant || (own === undefined && !this.isUsed(worker) && this.isEmpty(worker))
    const { tenants } = this.seats.of(worker.name)
    const seats = tenants.size + (tenants.has(tenant) ? 0 : 1)
    // A tenant that alone is over the cap still gets an empty worker; its last sessions wait there.
    const sessions = this.#countOn(worker.name)
    const fits = sessions + this.#comingTo(worker.name, party) <= tier.sessionsPerWorker || sessions === 0
    return own === undefined && seats <= tier.tenantsPerWorker && fits
  }

  /** Workers where it is, in some way, and a dedicated one that is its own. */
  #placesOf({ tenant, tier, household }: Party): WorkerView[] {
    const names = placesOf(household)
    if (tier.dedicated) {
      for (const worker of this.workersOf(tier.name)) if (this.tenantOf(worker) === tenant.name) names.add(worker.name)
    }
    return [...names].flatMap((name) => this.#workers.get(name) ?? [])
  }

  /** Where a worker that failed it was: others there may follow. */
  #lostBy({ sessions }: Party): Avoid {
    const lost = sessions.flatMap(({ placement }) => {
      const worker = this.get(placement?.worker)
      return worker && LOST.has(worker.phase) ? [worker] : []
    })
    return {
      hosts: new Set(lost.flatMap(({ host = [] }) => host)),
      zones: new Set(lost.flatMap(({ zone = [] }) => zone)),
    }
  }

  #openingsOf({ name }: TierView): Openings {
    const known = this.#openings.get(name)
    if (known) return known
    const openings = new Openings()
    for (const worker of this.workersOf(name)) openings.set(this.#openingOf(worker))
    this.#openings.set(name, openings)
    return openings
  }

  #openingOf(worker: WorkerView): Opening {
    const { tenants, sessions } = this.seats.of(worker.name)
    const group = this.#hasRoom(worker, tenants.size) ? this.#rankOf(worker) : undefined
    return { worker, group, tenants: tenants.size, sessions: sessions.size }
  }

  /** For one more tenant, whoever that is. */
  #hasRoom(worker: WorkerView, tenants: number): boolean {
    const tier = this.#tiers.get(worker.tier)
    if (!tier || !isOpen(worker) || this.tenantOf(worker) !== undefined) return false
    return tier.dedicated ? !this.isUsed(worker) && this.isEmpty(worker) : tenants < tier.tenantsPerWorker
  }

  #rankOf(worker: WorkerView): number {
    if (this.isHot(worker)) return this.isOutdated(worker) ? HOT_OUTDATED : HOT_CURRENT
    return this.isOutdated(worker) ? OUTDATED : CURRENT
  }

  #reopen(name: string): void {
    const worker = this.#workers.get(name)
    if (worker) this.#open(worker)
  }

  #open(worker: WorkerView): void {
    this.#openings.get(worker.tier)?.set(this.#openingOf(worker))
  }

  /** Sessions on it or to come. */
  #countOn(worker: string): number {
    return this.#expected.get(worker) ?? this.seats.of(worker).sessions.size
  }

  #comingTo(worker: string, { tenant, sessions }: Party): number {
    const load = this.seats.of(worker)
    if (!load.tenants.has(tenant.name)) return sessions.length
    return sessions.filter(({ name }) => !load.sessions.has(name)).length
  }
}

/** It may take somebody, as far as itself is concerned. */
const isOpen = ({ podUID, deleting, desiredState, phase }: WorkerView): boolean =>
  podUID !== undefined && !deleting && desiredState === 'Active' && phase === 'Ready'
