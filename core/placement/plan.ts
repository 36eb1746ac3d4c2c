/**
 * `plan(snapshot, now) → actions`: which worker should hold which session, and which workers there should be.
 *
 * Pure, and the same for the same snapshot in any order. Everything is derived anew from the snapshot: a plan that was
 * carried out in part, or not at all, is simply made again.
 */
import type { Action, Plan } from './action.ts'
import { admit, householdsOf, type Party, type Ruling } from './admission.ts'
import { Floor } from './floor.ts'
import { noCapacity } from './reasons.ts'
import { place, unplace } from './sessions.ts'
import type { Reason, Snapshot, TierView, WorkerView } from './snapshot.ts'
import { byName } from './sort.ts'
import { freeTargets, type Seating, seatTenants, type Updates } from './tenants.ts'
import { Update } from './update.ts'
import { staff } from './workers.ts'

/** `now`: milliseconds, on the clock of `phaseSince` and `surplusSince`. */
export function plan(snapshot: Snapshot, now: number): Plan {
  const tiers = new Map([...snapshot.tiers].sort(byName).map((tier) => [tier.name, tier]))
  const households = householdsOf(snapshot)
  const floor = new Floor(tiers.values(), snapshot.workers, households)
  const rulings = households.map((household) => admit(household, tiers))
  return decide({ tiers: [...tiers.values()], rulings, floor, seed: snapshot.seed, now })
}

export interface Matter {
  /** In the order of their names. */
  tiers: readonly TierView[]
  /** In the order of their names. */
  rulings: readonly Ruling[]
  floor: Floor
  seed: string
  now: number
}

/** What is to be done for these households, and for the workers of all tiers. */
export function decide({ tiers, rulings, floor, seed, now }: Matter): Plan {
  const reasons = new Map<string, Reason>()
  for (const { refused, unknown } of rulings) {
    for (const { session, reason } of [...refused, ...unknown]) reasons.set(session.name, reason)
  }
  const parties = rulings.flatMap(({ party }) => party ?? [])

  const removals = rulings.flatMap(({ refused }) => unplace(refused, floor))
  const clearances = freeTargets(rulings, floor)
  const updates = updatesOf(tiers, parties, floor, now)
  const seating = seatTenants(parties, floor, updates)
  const placements = parties.flatMap((party): Action[] => {
    const worker = seating.targets.get(party.tenant.name)
    return worker ? place(party, worker, floor, updates.get(party.tier.name)!, reasons) : []
  })

  const waiting = Map.groupBy(seating.waiting, ({ tier }) => tier.name)
  const demand = tiers.map((tier) => ({
    tier,
    waiting: waiting.get(tier.name)?.length ?? 0,
    update: updates.get(tier.name)!,
  }))
  const staffing = staff(demand, floor, seed, now)
  explainWaiting(seating.waiting, floor, reasons)

  return {
    actions: [...removals, ...seating.actions, ...clearances, ...placements, ...staffing.actions],
    reasons,
    surplus: staffing.surplus,
    load: floor.load,
    updates: new Map([...updates].map(([tier, { progress }]) => [tier, progress])),
  }
}

function updatesOf(tiers: readonly TierView[], parties: readonly Party[], floor: Floor, now: number): Updates {
  const byTier = Map.groupBy(parties, ({ tier }) => tier.name)
  return new Map(tiers.map((tier) => [tier.name, new Update(tier, byTier.get(tier.name) ?? [], floor, now)]))
}

/** Who waits for a worker and sits on none that works gets told. */
function explainWaiting(waiting: Seating['waiting'], floor: Floor, reasons: Map<string, Reason>): void {
  for (const [tier, parties] of Map.groupBy(waiting, (party) => party.tier)) {
    const existing = floor.workersOf(tier.name).filter(({ deleting }) => !deleting)
    const reason = noCapacity(tier, existing)
    for (const { name, placement } of parties.flatMap(({ sessions }) => sessions)) {
      if (!isWorking(floor.get(placement?.worker))) reasons.set(name, reason)
    }
  }
}

const isWorking = (worker: WorkerView | undefined): boolean => worker?.phase === 'Ready' || worker?.phase === 'Unsure'
