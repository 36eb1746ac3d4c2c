/**
 * `plan(snapshot, now) → actions`: which worker should hold which session, and which workers there should be.
 *
 * Pure, and the same for the same snapshot in any order. Everything is derived anew from the snapshot: a plan that was
 * carried out in part, or not at all, is simply made again.
 */
import type { Action, Plan } from './action.ts'
import { admit, type Party } from './admission.ts'
import { Floor } from './floor.ts'
import { noCapacity } from './reasons.ts'
import { place, unplace } from './sessions.ts'
import type { Snapshot, TierView, WorkerView } from './snapshot.ts'
import { byName } from './sort.ts'
import { freeTargets, seatTenants, type Updates } from './tenants.ts'
import { Update } from './update.ts'
import { staff } from './workers.ts'

/** `now`: milliseconds, on the clock of `phaseSince` and `surplusSince`. */
export function plan(snapshot: Snapshot, now: number): Plan {
  const floor = new Floor(snapshot)
  const { parties, refused, unknown } = admit(snapshot)
  const reasons = new Map([...refused, ...unknown])

  const removals = unplace(snapshot.sessions, refused, floor)
  const settled = snapshot.tenants.filter(({ tier }) => snapshot.tiers.some(({ name }) => name === tier))
  freeTargets(parties, settled, floor)
  const updates = updatesOf(snapshot.tiers, parties, floor, now)
  const seating = seatTenants(parties, settled, floor, updates)
  const placements = parties.flatMap((party): Action[] => {
    const worker = seating.targets.get(party.tenant.name)
    return worker ? place(party, worker, floor, updates.get(party.tier.name)!, reasons) : []
  })

  const demand = snapshot.tiers.map((tier) => ({
    tier,
    waiting: seating.waiting.filter((party) => party.tier === tier).length,
    update: updates.get(tier.name)!,
  }))
  const staffing = staff(demand, floor, snapshot.seed, now)
  explainWaiting(seating.waiting, floor, reasons)

  return {
    actions: [...removals, ...seating.actions, ...placements, ...staffing.actions],
    reasons,
    surplus: staffing.surplus,
    load: floor.load,
    updates: new Map([...updates].map(([tier, { progress }]) => [tier, progress])),
  }
}

function updatesOf(tiers: readonly TierView[], parties: readonly Party[], floor: Floor, now: number): Updates {
  const byTier = Map.groupBy(parties, ({ tier }) => tier)
  return new Map(
    [...tiers].sort(byName).map((tier) => [tier.name, new Update(tier, byTier.get(tier) ?? [], floor, now)]),
  )
}

/** Who waits for a worker and sits on none that works gets told. */
function explainWaiting(
  waiting: ReturnType<typeof seatTenants>['waiting'],
  floor: Floor,
  reasons: Map<string, { reason: string; message: string }>,
): void {
  for (const { tier, sessions } of waiting) {
    const existing = floor.workers.filter((worker) => worker.tier === tier.name && !worker.deleting)
    for (const { name, placement } of sessions) {
      if (!isWorking(floor.get(placement?.worker))) reasons.set(name, noCapacity(tier, existing))
    }
  }
}

const isWorking = (worker: WorkerView | undefined): boolean => worker?.phase === 'Ready' || worker?.phase === 'Unsure'
