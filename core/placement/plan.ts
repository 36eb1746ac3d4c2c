/**
 * `plan(snapshot, now) → actions`: which worker should hold which session, and which workers there should be.
 *
 * Pure, and the same for the same snapshot in any order. Everything is derived anew from the snapshot: a plan that was
 * carried out in part, or not at all, is simply made again.
 */
import type { Action, Plan } from './action.ts'
import { admit, householdsOf, type Party, type Ruling } from './admission.ts'
import { Floor } from './floor.ts'
import { Pace } from './pace.ts'
import { noCapacity } from './reasons.ts'
import { relieve } from './relief.ts'
import { place, unplace } from './sessions.ts'
import type { Reason, Snapshot, TierView, WorkerView } from './snapshot.ts'
import { byName } from './sort.ts'
import { freeTargets, seatTenants, settle } from './tenants.ts'
import { Update } from './update.ts'
import { staff } from './workers.ts'

/** `now`: milliseconds, on the clock of `phaseSince` and `surplusSince`. */
export function plan(snapshot: Snapshot, now: number): Plan {
  const tiers = new Map([...snapshot.tiers].sort(byName).map((tier) => [tier.name, tier]))
  const floor = new Floor()
  for (const tier of tiers.values()) floor.setTier(tier)
  for (const worker of snapshot.workers) floor.setWorker(worker)
  const households = householdsOf(snapshot)
  for (const household of households) floor.seats.enter(household)
  const rulings = households.map((household) => admit(household, tiers))
  const parties = new Map(rulings.map(({ household, party }) => [household.name, party]))
  const partyOf = (tenant: string) => parties.get(tenant)
  return decide({ tiers: [...tiers.values()], rulings, partyOf, floor, seed: snapshot.seed, now }).plan
}

export interface Matter {
  /** In the order of their names. */
  tiers: readonly TierView[]
  /** In the order of their names. */
  rulings: readonly Ruling[]
  /** Also of those households that there is no ruling for. */
  partyOf: (tenant: string) => Party | undefined
  floor: Floor
  seed: string
  now: number
}

export interface Decision {
  plan: Plan
  /** Tenant → where its sessions belong. */
  targets: ReadonlyMap<string, WorkerView>
}

/** What is to be done for these households, and for the workers of all tiers. */
export function decide({ tiers, rulings, partyOf, floor, seed, now }: Matter): Decision {
  const reasons = new Map<string, Reason>()
  for (const { refused, unknown } of rulings) {
    for (const { session, reason } of [...refused, ...unknown]) reasons.set(session.name, reason)
  }
  const parties = rulings.flatMap(({ party }) => party ?? [])
  const byTier = Map.groupBy(parties, ({ tier }) => tier.name)
  const partiesOf = ({ name }: TierView) => byTier.get(name) ?? []

  const removals = rulings.flatMap(({ refused }) => unplace(refused, floor))
  const clearances = freeTargets(rulings, floor)
  const updates = new Map(tiers.map((tier) => [tier.name, new Update(tier, partiesOf(tier), floor, now)]))
  const seating = seatTenants(parties, floor, updates)
  const reliefs = tiers.flatMap((tier) => relieve(tier, floor, partyOf, now) ?? [])
  for (const { party, to } of reliefs) {
    if (!to) continue
    seating.targets.delete(party.tenant.name)
    settle(party, to, floor, seating)
  }
  const turns = new Map(
    tiers.map((tier) => {
      return [tier.name, { update: updates.get(tier.name)!, pace: new Pace(tier, partiesOf(tier), now) }]
    }),
  )
  const placements = [...seating.targets].flatMap(([tenant, worker]): Action[] => {
    const party = partyOf(tenant)!
    return place(party, worker, floor, turns.get(party.tier.name)!, reasons)
  })
  const waiting = Map.groupBy(seating.waiting, ({ tier }) => tier)
  const demand = tiers.map((tier) => ({
    tier,
    waiting: sizeOf(waiting.get(tier) ?? []),
    isReliefStuck: reliefs.some(({ party, to }) => party.tier === tier && !to),
    update: updates.get(tier.name)!,
  }))
  const staffing = staff(demand, floor, seed, now)
  explainWaiting(waiting, floor, reasons)

  const plan = {
    actions: [...removals, ...seating.actions, ...clearances, ...placements, ...staffing.actions],
    reasons,
    surplus: staffing.surplus,
    hot: new Set([...staffing.scaling.values()].flatMap(({ hot }) => hot)),
    relieved: new Set(reliefs.flatMap(({ from, to }) => (to ? [from.name] : []))),
    load: floor.seats.load,
    updates: new Map([...updates].map(([tier, { progress }]) => [tier, progress])),
    scaling: staffing.scaling,
  }
  return { plan, targets: seating.targets }
}

const sizeOf = (parties: readonly Party[]): { tenants: number; sessions: number } => ({
  tenants: parties.length,
  sessions: parties.reduce((sum, { sessions }) => sum + sessions.length, 0),
})

/** Who waits for a worker and sits on none that works gets told. */
function explainWaiting(
  waiting: ReadonlyMap<TierView, readonly Party[]>,
  floor: Floor,
  reasons: Map<string, Reason>,
): void {
  for (const [tier, parties] of waiting) {
    const existing = floor.workersOf(tier.name).filter(({ deleting }) => !deleting)
    const reason = noCapacity(tier, existing)
    for (const { name, placement } of parties.flatMap(({ sessions }) => sessions)) {
      if (!isWorking(floor.get(placement?.worker))) reasons.set(name, reason)
    }
  }
}

const isWorking = (worker: WorkerView | undefined): boolean => worker?.phase === 'Ready' || worker?.phase === 'Unsure'
