/**
 * Which worker a tier can do without, though somebody sits on it: the emptiest whose tenants fit on other workers that are in
 * use. It is deleted, which drains it: its sessions move at the tier's pace, and its pod goes when nobody is left.
 */
import type { Floor } from './floor.ts'
import { COMFORTABLE, heatOf } from './heat.ts'
import type { TierView, WorkerView } from './snapshot.ts'
import { byText, trueFirst } from './sort.ts'

/** So many are looked at: the others have more tenants. */
const CANDIDATES = 10

/** `workers`: those of the tier, with nothing going on among them. `intoEmpty`: those that are empty may take them as well. */
export function dispensable(
  tier: TierView,
  workers: readonly WorkerView[],
  floor: Floor,
  { intoEmpty }: { intoEmpty: boolean },
): WorkerView | undefined {
  if (tier.dedicated) return undefined
  const open = workers.filter(({ phase, desiredState }) => phase === 'Ready' && desiredState === 'Active')
  const rooms = open
    .filter((worker) => (intoEmpty || !floor.isEmpty(worker)) && !floor.isHot(worker))
    .map((worker) => roomOn(worker, tier, floor))
    .filter(({ tenants }) => tenants > 0)
    .sort((a, b) => a.tenants - b.tenants || a.sessions - b.sessions)
  const slots = rooms.reduce((sum, { tenants }) => sum + tenants, 0)
  return open
    .filter((worker) => !floor.isEmpty(worker) && floor.tenantsOn(worker).size <= slots)
    .sort(
      (a, b) =>
        trueFirst(a.surplusSince !== undefined, b.surplusSince !== undefined) ||
        floor.tenantsOn(a).size - floor.tenantsOn(b).size ||
        floor.sessionsOn(a) - floor.sessionsOn(b) ||
        byText(b.name, a.name),
    )
    .slice(0, CANDIDATES)
    .find((worker) => fits(worker, tier, rooms, floor))
}

interface Room {
  worker: WorkerView
  heat: number
  /** How many more it can take. */
  tenants: number
  sessions: number
}

const roomOn = (worker: WorkerView, tier: TierView, floor: Floor): Room => ({
  worker,
  heat: heatOf(worker, tier),
  tenants: tier.tenantsPerWorker - floor.tenantsOn(worker).size,
  sessions: tier.sessionsPerWorker - floor.sessionsOn(worker),
})

function fits(leaving: WorkerView, tier: TierView, everywhere: readonly Room[], floor: Floor): boolean {
  const heat = heatOf(leaving, tier)
  const rooms = everywhere
    .filter((room) => room.worker !== leaving && room.heat + heat < COMFORTABLE)
    .map((room) => ({ ...room }))
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
  for (const tenant of floor.seats.of(worker.name).sessions.values()) {
    sizes.set(tenant, (sizes.get(tenant) ?? 0) + 1)
  }
  return [...sizes.values()].sort((a, b) => b - a)
}
