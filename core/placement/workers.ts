/**
 * How many workers each tier should have: as many as its tenants need, and `spare` empty ones beyond that, between `min`
 * and `max`; or `replicas`, when it is scaled by hand. A worker is never deleted for want of use while anybody sits on
 * it. One that has lost its pod or its process is deleted and replaced under another name.
 */
import { createHash } from 'node:crypto'
import type { Action } from './action.ts'
import type { Floor } from './floor.ts'
import type { TierView, WorkerView } from './snapshot.ts'
import { byName, byText } from './sort.ts'

/** A worker whose process does not come back is replaced after this time. */
const GIVE_UP_MS = 60_000
/** With so many workers of a tier that broke before they were of use, another one would break as well. */
const MAX_BROKEN = 3

/** Of a tier at the same time: a slip in its size must not bring down the machines that they start on. */
const MAX_STARTING = 10

export interface Staffing {
  actions: Action[]
  surplus: Set<string>
}

export interface Demand {
  tier: TierView
  /** Tenants that wait for a worker. */
  waiting: number
}

export function staff(demand: readonly Demand[], floor: Floor, seed: string, now: number): Staffing {
  const tiers = new Set(demand.map(({ tier }) => tier.name))
  const surplus = new Set<string>()
  const going = new Map<string, string>()
  for (const worker of floor.workers) {
    if (worker.deleting) continue
    const why = whyItGoes(worker, floor, tiers.has(worker.tier), now)
    if (why) going.set(worker.name, why)
  }
  const create: Action[] = []
  for (const { tier, waiting } of [...demand].sort((a, b) => byName(a.tier, b.tier))) {
    const staying = floor.workers.filter((worker) => {
      return worker.tier === tier.name && !worker.deleting && !going.has(worker.name)
    })
    const alive = staying.filter(({ phase }) => phase !== 'Lost' && phase !== 'Leaving')
    const broken = staying.filter((worker) => worker.phase === 'Lost' && !floor.isUsed(worker))
    const missing = broken.length < MAX_BROKEN ? missingIn(tier, waiting, alive, floor) : 0
    const starting = alive.filter(({ phase }) => phase === 'Starting').length
    for (let i = 0; i < Math.min(missing, MAX_STARTING - starting); i++) {
      const worker = nameOf(tier.name, seed, i)
      create.push({ do: 'CreateWorker', worker, tier: tier.name, why: whyMade(tier, waiting, i) })
    }
    for (const worker of missing === 0 ? superfluous(tier, waiting, alive, floor) : []) {
      surplus.add(worker.name)
      const since = worker.surplusSince ?? now
      const wait = tier.workers.replicas === undefined ? tier.stabilizationMs : 0
      if (now - since >= wait) going.set(worker.name, 'nobody needs it')
    }
  }
  const remove = [...going]
    .sort(([a], [b]) => byText(a, b))
    .map(([name, why]): Action => {
      return { do: 'DeleteWorker', worker: name, tier: floor.get(name)!.tier, why }
    })
  return { actions: [...create, ...remove], surplus }
}

/** Why a worker is deleted whatever the demand. */
function whyItGoes(worker: WorkerView, floor: Floor, tierExists: boolean, now: number): string | undefined {
  if (worker.phase === 'Gone') return 'its pod is gone'
  if (worker.phase === 'Lost' && now - worker.phaseSince >= GIVE_UP_MS) return 'its process did not come back'
  if (!floor.isEmpty(worker)) return undefined
  if (!tierExists) return 'its tier is gone'
  const tenant = floor.tenantOf(worker)
  if (tenant) return `tenant ${tenant} has left, and a dedicated worker is never used again`
  return undefined
}

/** Empty workers that can take a tenant, or will when they are up. */
const warm = (tier: TierView, alive: readonly WorkerView[], floor: Floor): WorkerView[] =>
  alive.filter(
    (worker) => worker.desiredState === 'Active' && floor.isEmpty(worker) && !(tier.dedicated && floor.isUsed(worker)),
  )

const workersFor = (tier: TierView, waiting: number): number => Math.ceil(waiting / tier.tenantsPerWorker)

function missingIn(tier: TierView, waiting: number, alive: readonly WorkerView[], floor: Floor): number {
  const { min, max, spare, replicas } = tier.workers
  if (replicas !== undefined) return Math.max(0, replicas - alive.length)
  const wanted = workersFor(tier, waiting) + spare - warm(tier, alive, floor).length
  return Math.max(0, Math.min(Math.max(wanted, min - alive.length), max - alive.length))
}

/** Empty workers beyond what is wanted: those that are not up yet first, then the last by name. */
function superfluous(tier: TierView, waiting: number, alive: readonly WorkerView[], floor: Floor): WorkerView[] {
  const { min, spare, replicas } = tier.workers
  const empty = alive.filter((worker) => floor.isEmpty(worker))
  const useful = warm(tier, alive, floor)
  const beyond =
    replicas === undefined
      ? Math.min(useful.length - spare - workersFor(tier, waiting), alive.length - min)
      : alive.length - replicas
  const candidates = replicas === undefined ? useful : empty
  return [...candidates]
    .sort((a, b) => Number(a.phase === 'Ready') - Number(b.phase === 'Ready') || byName(b, a))
    .slice(0, Math.max(0, beyond))
}

function whyMade({ workers }: TierView, waiting: number, index: number): string {
  if (workers.replicas !== undefined) return `the tier is scaled by hand to ${workers.replicas}`
  return index < waiting ? 'tenants wait for a worker' : 'to have an empty one ready'
}

/** `<tier>-<5 letters or digits>`; a worker's name is a label too, which is at most 63 long. */
function nameOf(tier: string, seed: string, index: number): string {
  const hash = createHash('sha256').update(`${seed}/${tier}/${index}`).digest()
  const suffix = Array.from(hash.subarray(0, 5), (byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('')
  return `${tier.slice(0, 57)}-${suffix}`
}
