/**
 * Which worker each tenant's sessions belong to. What works stays where it is. Who has lost its worker comes first,
 * then the dearest tier, then the oldest. Who finds no other worker keeps the place that it has until there is one.
 */
import type { Action } from './action.ts'
import type { Party } from './admission.ts'
import type { Floor } from './floor.ts'
import type { TenantView, WorkerView } from './snapshot.ts'
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

export function seatTenants(
  parties: readonly Party[],
  tenants: readonly TenantView[],
  floor: Floor,
  updates: Updates,
): Seating {
  const seating: Seating = { actions: [], targets: new Map(), waiting: [] }
  const homeless: Party[] = []

  for (const party of parties) {
    const home = homeOf(party, floor)
    if (home) settle(party, home, floor, seating)
    else homeless.push(party)
  }
  for (const party of homeless.sort((a, b) => byUrgency(a, b, floor))) {
    const update = updates.get(party.tier.name)!
    const worker = floor.choose(party, update.choice, (one) => update.mayTake(one))
    if (worker) settle(party, worker, floor, seating)
    else seating.waiting.push(party)
  }
  for (const [tier, update] of updates) {
    const own = parties.filter((party) => party.tier.name === tier)
    update.renew(own, seating.targets, (party, worker) => settle(party, worker, floor, seating))
  }
  clearTargets(parties, tenants, seating)
  return seating
}

/** Frees the slots of tenants with nothing to run; done before anybody is seated. */
export function freeTargets(parties: readonly Party[], tenants: readonly TenantView[], floor: Floor): void {
  for (const { name, worker } of idle(parties, tenants)) if (worker) floor.unreserve(worker, name)
}

function clearTargets(parties: readonly Party[], tenants: readonly TenantView[], { actions }: Seating): void {
  for (const { name } of idle(parties, tenants)) actions.push({ do: 'Assign', tenant: name })
}

/** Tenants that have a target and need none. One whose tier is not known keeps it. */
function idle(parties: readonly Party[], tenants: readonly TenantView[]): TenantView[] {
  const busy = new Set(parties.map(({ tenant }) => tenant.name))
  return tenants.filter(({ name, worker }) => worker !== undefined && !busy.has(name)).sort(byName)
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

function settle(party: Party, worker: WorkerView, floor: Floor, { actions, targets }: Seating): void {
  const { tenant, tier } = party
  const owner = tier.dedicated ? tenant.name : undefined
  if (!floor.isUsed(worker)) {
    actions.push({ do: 'Occupy', worker: worker.name, ...(owner ? { tenant: owner } : {}) })
    floor.occupy(worker.name, owner)
  }
  if (tenant.worker !== worker.name) actions.push({ do: 'Assign', tenant: tenant.name, worker: worker.name })
  floor.expect(worker.name, party)
  floor.reserve(worker.name, tenant.name)
  targets.set(tenant.name, worker)
}

function byUrgency(a: Party, b: Party, floor: Floor): number {
  return (
    trueFirst(hasLostItsWorker(a, floor), hasLostItsWorker(b, floor)) ||
    b.tier.price - a.tier.price ||
    byText(oldest(a), oldest(b)) ||
    byName(a.tenant, b.tenant)
  )
}

const hasLostItsWorker = ({ sessions }: Party, floor: Floor): boolean =>
  sessions.some(({ placement }) => placement && !isRunning(floor.get(placement.worker)))

const isRunning = (worker: WorkerView | undefined): boolean => worker?.phase === 'Ready' || worker?.phase === 'Unsure'

const oldest = ({ sessions }: Party): string => sessions.map(({ createdAt }) => createdAt).sort(byText)[0] ?? ''
