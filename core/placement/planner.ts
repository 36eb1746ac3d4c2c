/**
 * The planner that remembers: it takes what has changed since its last plan, and answers what `plan` would of the whole.
 *
 * It looks only at households that are *touched* (something of theirs, or of a worker or tier that they are on or belong to,
 * has changed) or *restless* (the last plan had something to do for them, or they wait, or are on their way). For all others
 * there was nothing to do, and nothing that this depends on has changed. While a tier is being updated, it looks at
 * all of its households: whose turn it is depends on all.
 */
import { isDeepStrictEqual } from 'node:util'
import { isClaimable } from '../ownership/generation.ts'
import type { Plan } from './action.ts'
import { admit, type Household, type Party, type Ruling } from './admission.ts'
import { Floor } from './floor.ts'
import { isUnclaimed } from './pace.ts'
import { decide } from './plan.ts'
import type { Reason, SessionView, Snapshot, TenantView, TierView, WorkerView } from './snapshot.ts'
import { byName, byText } from './sort.ts'

export class Planner {
  readonly #floor = new Floor()
  readonly #tiers = new Map<string, TierView>()
  readonly #tenants = new Map<string, TenantView>()
  readonly #sessions = new Map<string, SessionView>()
  readonly #workers = new Map<string, WorkerView>()
  readonly #households = new Map<string, Household>()
  /** As of the last plan. */
  readonly #rulings = new Map<string, Ruling>()
  readonly #reasons = new Map<string, Reason>()
  readonly #touched = new Set<string>()
  #restless = new Set<string>()
  #isPlanned = false

  /** Takes all as it is now. What is the very object that it was has not changed. */
  take({ tiers, tenants, sessions, workers }: Omit<Snapshot, 'seed'>): void {
    take(
      tiers,
      this.#tiers,
      (one) => this.setTier(one),
      (name) => this.removeTier(name),
    )
    take(
      sessions,
      this.#sessions,
      (one) => this.setSession(one),
      (name) => this.removeSession(name),
    )
    take(
      workers,
      this.#workers,
      (one) => this.setWorker(one),
      (name) => this.removeWorker(name),
    )
    take(
      tenants,
      this.#tenants,
      (one) => this.setTenant(one),
      (name) => this.removeTenant(name),
    )
  }

  setTier(tier: TierView): void {
    if (isDeepStrictEqual(this.#tiers.get(tier.name), tier)) return
    this.#reopen()
    this.#tiers.set(tier.name, tier)
    this.#floor.setTier(tier)
    this.#touchTier(tier.name)
  }

  removeTier(name: string): void {
    if (!this.#tiers.has(name)) return
    this.#reopen()
    this.#tiers.delete(name)
    this.#floor.removeTier(name)
    this.#touchTier(name)
  }

  setTenant(tenant: TenantView): void {
    this.#tenants.set(tenant.name, tenant)
    this.#touch(tenant.name).tenant = tenant
  }

  removeTenant(name: string): void {
    this.#tenants.delete(name)
    delete this.#touch(name).tenant
  }

  setSession(session: SessionView): void {
    const before = this.#sessions.get(session.name)
    if (before && before.tenant !== session.tenant) this.removeSession(session.name)
    const household = this.#touch(session.tenant)
    this.#sessions.set(session.name, session)
    household.sessions = [...household.sessions.filter(({ name }) => name !== session.name), session].sort(byName)
  }

  removeSession(name: string): void {
    const session = this.#sessions.get(name)
    if (!session) return
    const household = this.#touch(session.tenant)
    this.#sessions.delete(name)
    this.#reasons.delete(name)
    household.sessions = household.sessions.filter((one) => one.name !== name)
  }

  setWorker(worker: WorkerView): void {
    this.#reopen()
    const before = this.#workers.get(worker.name)
    if (!before || matters(before, worker)) this.#touchWorker(worker.name)
    this.#workers.set(worker.name, worker)
    this.#floor.setWorker(worker)
  }

  removeWorker(name: string): void {
    this.#reopen()
    this.#touchWorker(name)
    this.#workers.delete(name)
    this.#floor.removeWorker(name)
  }

  /**
   * As `plan` of all that there is now. `reasons` and `load` of the answer are this planner's own: they hold until something
   * is set or removed.
   */
  plan(seed: string, now: number): Plan {
    this.#reopen()
    for (const name of this.#touched) this.#enter(name)
    const names = new Set([...this.#touched, ...this.#restless, ...this.#inUpdates()])
    const rulings = [...names].sort(byText).flatMap((name) => this.#rule(name) ?? [])
    for (const { household } of rulings) for (const { name } of household.sessions) this.#reasons.delete(name)

    this.#floor.begin()
    this.#isPlanned = true
    const tiers = [...this.#tiers.values()].sort(byName)
    const partyOf = (tenant: string) => this.#rulings.get(tenant)?.party
    const { plan, targets } = decide({ tiers, rulings, partyOf, floor: this.#floor, seed, now })

    this.#touched.clear()
    const restless = rulings.filter((ruling) => !isAtRest(ruling, targets.get(ruling.household.name)))
    this.#restless = new Set([...restless.map(({ household }) => household.name), ...movedBy(plan)])
    for (const [name, reason] of plan.reasons) this.#reasons.set(name, reason)
    return { ...plan, reasons: this.#reasons }
  }

  /** Takes the last plan back. */
  #reopen(): void {
    if (this.#isPlanned) this.#floor.reset()
    this.#isPlanned = false
  }

  /** The household, which is about to change, or whose place is; its seats are taken anew with the next plan. */
  #touch(name: string): Household {
    this.#reopen()
    const known = this.#households.get(name)
    if (known && this.#touched.has(name)) return known
    this.#touched.add(name)
    if (known) this.#floor.seats.leave(known)
    const household = known ?? { name, sessions: [] }
    this.#households.set(name, household)
    return household
  }

  #touchWorker(name: string): void {
    for (const tenant of [...this.#floor.seats.of(name).tenants]) this.#touch(tenant)
  }

  #touchTier(name: string): void {
    for (const household of this.#households.values()) if (household.tenant?.tier === name) this.#touch(household.name)
  }

  #enter(name: string): void {
    const household = this.#households.get(name)!
    this.#floor.seats.enter(household)
    if (!household.tenant && household.sessions.length === 0) this.#households.delete(name)
  }

  #rule(name: string): Ruling | undefined {
    const household = this.#households.get(name)
    if (!household) {
      this.#rulings.delete(name)
      return undefined
    }
    const known = this.#rulings.get(name)
    const ruling = known && !this.#touched.has(name) ? known : admit(household, this.#tiers)
    this.#rulings.set(name, ruling)
    return ruling
  }

  /** All households of the tiers that have outdated workers. */
  *#inUpdates(): Generator<string> {
    const outdated = this.#floor.workers.filter((worker) => this.#floor.isOutdated(worker))
    const tiers = new Set(outdated.map(({ tier }) => tier))
    if (tiers.size === 0) return
    for (const { name, tenant } of this.#households.values()) if (tiers.has(tenant?.tier ?? '')) yield name
  }
}

/** Sets what is new or another, and removes what is not there any more. */
function take<T extends { name: string }>(
  now: readonly T[],
  known: ReadonlyMap<string, T>,
  set: (item: T) => void,
  remove: (name: string) => void,
): void {
  for (const item of now) if (known.get(item.name) !== item) set(item)
  if (known.size === now.length) return
  const names = new Set(now.map(({ name }) => name))
  for (const name of [...known.keys()]) if (!names.has(name)) remove(name)
}

/** Does it matter to those who are on the worker? */
const matters = (a: WorkerView, b: WorkerView): boolean =>
  a.tier !== b.tier ||
  a.tenant !== b.tenant ||
  a.desiredState !== b.desiredState ||
  a.deleting !== b.deleting ||
  a.podUID !== b.podUID ||
  a.phase !== b.phase ||
  a.revision !== b.revision ||
  a.used !== b.used

/** There was nothing to do for it, and that does not change by itself. */
function isAtRest({ party, refused }: Ruling, target: WorkerView | undefined): boolean {
  if (refused.some(({ session }) => session.placement)) return false
  if (!party) return true
  return target?.used === true && target.name === party.tenant.worker && isAllOn(party, target)
}

const isAllOn = ({ sessions }: Party, target: WorkerView): boolean =>
  sessions.every((session) => {
    const { placement, owner } = session
    const isThere = placement?.worker === target.name && placement.podUID === target.podUID
    return isThere && !placement.awaited && !isUnclaimed(session) && isClaimable(placement, owner)
  })

/** Those whose target the plan changes, though they may have been at rest. */
const movedBy = ({ actions }: Plan): string[] =>
  actions.flatMap((action) => (action.do === 'Assign' ? [action.tenant] : []))
