/**
 * A worker that has been hot for long loses one tenant, then is looked at anew. The tenant with most sessions goes, and
 * always to an empty worker: nobody knows how much of the load is whose, so on any other it might do harm, and come back.
 * What was spread too thin is packed again (shrink.ts), as far as that makes nobody hot.
 */
import type { Party } from './admission.ts'
import type { Floor } from './floor.ts'
import { heatOf } from './heat.ts'
import type { TierView, WorkerView } from './snapshot.ts'
import { byName } from './sort.ts'

/** So long it must have been hot, and so long is waited for the effect. */
const PATIENCE_MS = 120_000

export interface Relief {
  party: Party
  from: WorkerView
  /** undefined: there is no empty worker, or none to spare. */
  to: WorkerView | undefined
}

/** Whom to move, when nothing else is going on in the tier; undefined: nobody. */
export function relieve(
  tier: TierView,
  floor: Floor,
  partyOf: (tenant: string) => Party | undefined,
  now: number,
): Relief | undefined {
  const workers = floor.workersOf(tier.name)
  if (tier.dedicated || !workers.every((worker) => isCalm(worker, floor))) return undefined
  const due = workers
    .filter((worker) => floor.isHot(worker) && now - (worker.hotSince ?? now) >= PATIENCE_MS)
    .sort((a, b) => heatOf(b, tier) - heatOf(a, tier) || byName(a, b))
  for (const from of due) {
    const parties = [...floor.tenantsOn(from)].flatMap((tenant) => partyOf(tenant) ?? [])
    const [party, ...others] = parties.filter(({ tenant }) => tenant.worker === from.name).sort(byMany)
    // Alone, it is as hot anywhere.
    if (!party || others.length === 0) continue
    const to = mayUseSpare(tier, floor)
      ? floor.choose(party, 'prefer current', (worker) => floor.isEmpty(worker) && !floor.isHot(worker))
      : undefined
    return { party, from, to }
  }
  return undefined
}

/** Nothing is on its way from, to or instead of it. */
const isCalm = (worker: WorkerView, floor: Floor): boolean =>
  !floor.isOutdated(worker) &&
  (worker.phase === 'Ready' || worker.phase === 'Starting') &&
  ((!worker.deleting && worker.desiredState !== 'Drained') || floor.isEmpty(worker))

/** The last ones are for those that lose their worker, unless another one can be made. */
function mayUseSpare({ name, workers: { max, spare, replicas } }: TierView, floor: Floor): boolean {
  const workers = floor.workersOf(name).filter(({ deleting }) => !deleting)
  const empty = workers.filter((worker) => worker.phase === 'Ready' && floor.isEmpty(worker)).length
  return empty > spare || (replicas === undefined && workers.length < max)
}

const byMany = (a: Party, b: Party): number => b.sessions.length - a.sessions.length || byName(a.tenant, b.tenant)
