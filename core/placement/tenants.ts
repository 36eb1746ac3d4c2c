/**
 * Which worker each tenant's sessions belong to. What works stays where it is. Who has lost its worker comes first,
 * then the dearest tier, then the oldest. Who finds no other worker keeps the place that it has until there is one.
 */
import type { Action } from './action.ts'
import type { Party, Ruling } from './admission.ts'
import type { Floor } from './floor.ts'
import type { WorkerView } from './snapshot.ts'
import { byName, byText, trueFirst } from './sort.ts'
import type { Update } from './update.ts'

/** Tier → the update of its workers. */
export type Updates = ReadonlyMap<string, Update>

export interface Seating {
  actions: Action[]
  /** Tenant → where its sessions belong now. */
  targets: Map<string, WorkerView>
  /** Tenants for which there is no worker, in the order in which they will get one. */
  waiting: Party[]
}

export function seatTenants(parties: readonly Party[], floor: Floor, updates: Updates): Seating {
  const seating: Seating = { actions: [], targets: new Map(), waiting: [] }
  const homeless: Party[] = []

  for (const party of parties) {
    const home = homeOf(party, floor)
    if (home) settle(party, home, floor, seating)
    else homeless.push(party)
  }
  for (const party of byUrgency(homeless, floor)) {
    const update = updates.get(party.tier.name)!
    const mayTake = (one: WorkerView) => update.mayTake(one)
    const isComfortable = floor.comfortFor(party)
    const worker =
      floor.choose(party, update.choice, (one) => mayTake(one) && isComfortable(one)) ??
      floor.choose(party, update.choice, mayTake)
    if (worker) settle(party, worker, floor, seating)
    else seating.waiting.push(party)
  }
  const byTier = Map.groupBy(parties, ({ tier }) => tier.name)
  for (const [tier, update] of updates) {
    update.renew(byTier.get(tier) ?? [], seating.targets, (party, worker) => settle(party, worker, floor, seating))
  }
  return seating
}

/** Frees the slots of tenants with nothing to run; done before anybody is seated. */
export function freeTargets(rulings: readonly Ruling[], floor: Floor): Action[] {
  const idle = rulings.filter(({ isIdle }) => isIdle).map(({ household }) => household)
  for (const household of idle) floor.seats.unreserve(household.tenant!.worker!, household)
  return idle.map(({ name }): Action => ({ do: 'Assign', tenant: name }))
}

/** The worker where the tenant is and may stay: its target, or where most of its sessions are. */
function homeOf({ tenant, tier, sessions }: Party, floor: Floor): WorkerView | undefined {
  const target = floor.get(tenant.worker)
  if (target && floor.suits(target, tier, tenant.name)) return target
  const counts = new Map<string, number>()
  for (const { placement } of sessions) {
    if (placement) counts.set(placement.worker, (counts.get(placement.worker) ?? 0) + 1)
  }
  const most = [...counts].sort(([a, m], [b, n]) => n - m || byText(a, b))
  return most.map(([name]) => floor.get(name)).find((worker) => worker && floor.suits(worker, tier, tenant.name))
}

/** Makes the worker the tenant's. */
export function settle(party: Party, worker: WorkerView, floor: Floor, { actions, targets }: Seating): void {
  const { tenant, tier } = party
  const owner = tier.dedicated ? tenant.name : undefined
  if (!floor.isUsed(worker)) {
    actions.push({ do: 'Occupy', worker: worker.name, ...(owner ? { tenant: owner } : {}) })
    floor.occupy(worker.name, owner)
  }
  if (tenant.worker !== worker.name) actions.push({ do: 'Assign', tenant: tenant.name, worker: worker.name })
  floor.expect(worker.name, party)
  floor.seats.reserve(worker.name, tenant.name)
  targets.set(tenant.name, worker)
}

function byUrgency(parties: readonly Party[], floor: Floor): Party[] {
  const ranked = parties.map((party) => ({ party, isLost: hasLostItsWorker(party, floor), since: oldest(party) }))
  return ranked
    .sort(
      (a, b) =>
        trueFirst(a.isLost, b.isLost) ||
        b.party.tier.price - a.party.tier.price ||
        byText(a.since, b.since) ||
        byName(a.party.tenant, b.party.tenant),
    )
    .map(({ party }) => party)
}

const hasLostItsWorker = ({ sessions }: Party, floor: Floor): boolean =>
  sessions.some(({ placement }) => placement && !isRunning(floor.get(placement.worker)))

const isRunning = (worker: WorkerView | undefined): boolean => worker?.phase === 'Ready' || worker?.phase === 'Unsure'

const oldest = ({ sessions }: Party): string => sessions.map(({ createdAt }) => createdAt).sort(byText)[0]!
