/**
 * Which worker a tier can do without, though somebody sits on it: the emptiest whose tenants fit on other workers that are in
 * use. It is deleted, which drains it: its sessions move at the tier's pace, and its pod goes when nobody is left.
 */
import type { Floor } from './floor.ts'
import { heatOf } from './heat.ts'
import type { TierView, WorkerView } from './snapshot.ts'
import { byText, trueFirst } from './sort.ts'

/** What a worker that takes others in may reach: far from hot, whoever of them makes the load. */
const COMFORTABLE = 0.7

/** `workers`: those of the tier, with nothing going on among them. `intoEmpty`: those that are empty may take them as well. */
export function dispensable(
  tier: TierView,
  workers: readonly WorkerView[],
  floor: Floor,
  { intoEmpty }: { intoEmpty: boolean },
): WorkerView | undefined {
  if (tier.dedicated) return undefined
  const open = workers.filter(({ phase, desiredState }) => phase === 'Ready' && desiredState === 'Active')
  const receivers = open.filter((worker) => intoEmpty || !floor.isEmpty(worker))
  return open
    .filter((worker) => !floor.isEmpty(worker))
    .sort(
      (a, b) =>
        trueFirst(a.surplusSince !== undefined, b.surplusSince !== undefined) ||
        floor.tenantsOn(a).size - floor.tenantsOn(b).size ||
        floor.sessionsOn(a) - floor.sessionsOn(b) ||
        byText(b.name, a.name),
    )
    .find((worker) => fits(worker, tier, receivers, floor))
}

function fits(leaving: WorkerView, tier: TierView, receivers: readonly WorkerView[], floor: Floor): boolean {
  const heat = heatOf(leaving, tier)
  const rooms = receivers
    .filter((worker) => worker !== leaving && !floor.isHot(worker) && heatOf(worker, tier) + heat < COMFORTABLE)
    .map((worker) => ({
      tenants: tier.tenantsPerWorker - floor.tenantsOn(worker).size,
      sessions: tier.sessionsPerWorker - floor.sessionsOn(worker),
    }))
    .sort((a, b) => a.tenants - b.tenants || a.sessions - b.sessions)
  return sizesOn(leaving, floor).every((sessions) => {
    const room = rooms.find((one) => one.tenants > 0 && one.sessions >= sessions)
    if (!room) return false
    room.tenants--
    room.sessions -= sessions
    return true
  })
}

/** How many sessions each of its tenants has there, most first. */
function sizesOn(worker: WorkerView, floor: Floor): number[] {
  const sizes = new Map([...floor.tenantsOn(worker)].map((tenant) => [tenant, 0]))
  for (const tenant of floor.load.get(worker.name)?.sessions.values() ?? []) {
    sizes.set(tenant, (sizes.get(tenant) ?? 0) + 1)
  }
  return [...sizes.values()].sort((a, b) => b - a)
}
