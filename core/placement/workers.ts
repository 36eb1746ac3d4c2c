/**
 * How many workers each tier should have: as many as its tenants need, and `spare` empty ones beyond that, between `min`
 * and `max`; or `replicas`, when it is scaled by hand. One that is not needed goes when it has been surplus for the tier's
 * time: an empty one, else one whose tenants fit elsewhere (shrink.ts). One that has lost its pod or its process is deleted
 * and replaced under another name. While an update goes on (update.ts) there are up to `maxSurge` more, and an empty
 * worker of the old template goes when a new one is ready.
 */
import { createHash } from 'node:crypto'
import type { Action } from './action.ts'
import type { Floor } from './floor.ts'
import type { Scaling } from './scaling.ts'
import { dispensable } from './shrink.ts'
import type { TierView, WorkerView } from './snapshot.ts'
import { byName, byText, trueFirst } from './sort.ts'
import { isLopsided } from './spread.ts'
import { split, type Update } from './update.ts'

/** A worker whose process does not come back is replaced after this time. */
const GIVE_UP_MS = 60_000
/** With so many workers of a tier that broke before they were of use, another one would break as well. */
const MAX_BROKEN = 3

/** Of a tier at the same time: a slip in its size must not bring down the machines that they start on. */
const MAX_STARTING = 10

export interface Staffing {
  actions: Action[]
  surplus: Set<string>
  scaling: Map<string, Scaling>
}

export interface Demand {
  tier: TierView
  /** Tenants that wait for a worker, and their sessions. */
  waiting: { tenants: number; sessions: number }
  /** A hot worker should lose a tenant, and there is no empty worker for it. */
  isReliefStuck: boolean
  update: Update
}

/** `demand`: of each tier, in the order of their names. */
export function staff(demand: readonly Demand[], floor: Floor, seed: string, now: number): Staffing {
  const updates = new Map(demand.map(({ tier, update }) => [tier.name, update]))
  const surplus = new Set<string>()
  const scaling = new Map<string, Scaling>()
  const going = new Map<string, string>()
  for (const worker of floor.workers) {
    if (worker.deleting) continue
    const why = whyItGoes(worker, floor, updates.get(worker.tier), now)
    if (why) going.set(worker.name, why)
  }
  const create: Action[] = []
  for (const each of demand) {
    const { tier } = each
    const staying = floor.workersOf(tier.name).filter(({ name, deleting }) => !deleting && !going.has(name))
    const { missing, outdated, superfluous, why, ...sight } = sizeOf(each, staying, floor)
    scaling.set(tier.name, sight)
    const starting = staying.filter(({ phase }) => phase === 'Starting').length
    for (let i = 0; i < Math.min(missing, MAX_STARTING - starting); i++) {
      create.push({ do: 'CreateWorker', worker: nameOf(tier.name, seed, i), tier: tier.name, why: why(i) })
    }
    for (const worker of outdated) going.set(worker.name, OUTDATED)
    for (const worker of superfluous) {
      surplus.add(worker.name)
      const since = worker.surplusSince ?? now
      const wait = tier.workers.replicas === undefined ? tier.stabilizationMs : 0
      if (now - since < wait) continue
      going.set(worker.name, floor.isEmpty(worker) ? 'nobody needs it' : 'its tenants have room on other workers')
    }
  }
  const remove = [...going]
    .sort(([a], [b]) => byText(a, b))
    .map(([name, why]): Action => {
      return { do: 'DeleteWorker', worker: name, tier: floor.get(name)!.tier, why }
    })
  return { actions: [...create, ...remove], surplus, scaling }
}

const OUTDATED = 'it is empty, and its template is out of date'

/** Why a worker is deleted whatever the demand. */
function whyItGoes(worker: WorkerView, floor: Floor, update: Update | undefined, now: number): string | undefined {
  const isOutdated = floor.isOutdated(worker)
  const hasLasted = now - worker.phaseSince >= GIVE_UP_MS
  if (worker.phase === 'Gone') return 'its pod is gone'
  // While an update goes on, a new worker that does not work is what has stopped it.
  const isEvidence = update !== undefined && update.outdated.length > 0 && !isOutdated && !floor.isUsed(worker)
  if (worker.phase === 'Lost' && hasLasted && !isEvidence) return 'its process did not come back'
  if (!floor.isEmpty(worker)) return undefined
  // Of a node that is lost: it would stay for as long as the node does.
  if (worker.phase === 'Leaving' && hasLasted) return 'its pod is being deleted and does not go'
  if (!update) return 'its tier is gone'
  const tenant = floor.tenantOf(worker)
  if (tenant) return `tenant ${tenant} has left, and a dedicated worker is never used again`
  if (update.tier.dedicated && floor.isUsed(worker)) return 'it was shared, and its tier is dedicated now'
  const isOfUse = isWarm(worker, update.tier, floor) && (worker.phase === 'Ready' || worker.phase === 'Unsure')
  return isOutdated && !isOfUse ? OUTDATED : undefined
}

interface Size extends Scaling {
  /** How many workers are to be made. */
  missing: number
  /** Why the one of that index is. */
  why(index: number): string
  /** Empty ones whose place others have taken. */
  outdated: WorkerView[]
  /** Those that nobody needs. */
  superfluous: WorkerView[]
}

function sizeOf(demand: Demand, staying: readonly WorkerView[], floor: Floor): Size {
  const { tier, update, isReliefStuck } = demand
  const { min, max, spare, replicas } = tier.workers
  const { maxSurge } = tier.update
  const isManual = replicas !== undefined
  const alive = staying.filter(({ phase }) => phase !== 'Lost' && phase !== 'Leaving')
  const broken = staying.filter((worker) => worker.phase === 'Lost' && !floor.isUsed(worker))
  // Those of which there should be a number: all of them, or those that can take a tenant, or will when they are up.
  const pool = isManual ? alive : alive.filter((worker) => isWarm(worker, tier, floor))
  const [old, fresh] = split(pool, (worker) => floor.isOutdated(worker))
  const busy = alive.length - pool.length
  const isUpdating = update.outdated.length > 0
  const isCalm = !isUpdating && demand.waiting.tenants === 0 && isSettled(tier, floor)
  const lopsided = !isManual && isCalm && isLopsided(tier, staying, pool)
  const needed = Math.max(workersFor(demand) + spare + Number(isReliefStuck), min - busy) + Number(lopsided)
  const most = max + update.emptying.size - busy
  const wanted = replicas ?? Math.min(needed, most)

  const surge = Math.max(0, pool.length - wanted) + (isManual ? 0 : update.emptying.size) + broken.length
  // New ones for the empty old ones, as far as the surge goes; then also for what has no room on new ones.
  const forEmpty = Math.max(Math.min(maxSurge - surge, wanted - fresh.length), update.withoutRoom - fresh.length)
  const forUpdate = old.length > 0 ? forEmpty : wanted + update.withoutRoom - fresh.length
  const lacking = Math.max(wanted - pool.length, update.isActive ? forUpdate : 0)
  const missing = Math.min(lacking, (replicas ?? max) + maxSurge - alive.length)
  const ready = fresh.filter(({ phase }) => phase === 'Ready').length
  const replaced = update.isActive ? ready + old.length - wanted : 0
  // An update leaves more than is wanted, for as long as it goes on or stands still.
  const beyond = pool.length - (replicas ?? needed) - (isUpdating ? maxSurge : 0)
  const crowds = Map.groupBy(staying, ({ host }) => host)
  const crowdAt = ({ host }: WorkerView): number => (host === undefined ? 0 : crowds.get(host)!.length)
  const empty = (workers: readonly WorkerView[], count: number) =>
    workers
      .filter((worker) => floor.isEmpty(worker))
      .sort((a, b) => trueFirst(b.phase === 'Ready', a.phase === 'Ready') || crowdAt(b) - crowdAt(a) || byName(b, a))
      .slice(0, Math.max(0, count))
  const superfluous = missing > 0 ? [] : empty(pool, beyond)
  // One that is in use goes only when nothing else does, and the tier has enough without it.
  const isTooMany = isManual ? beyond > 0 : alive.length > min && !lopsided && !isReliefStuck
  if (isTooMany && isCalm && missing <= 0 && superfluous.length === 0) {
    const worker = dispensable(tier, staying, floor, { intoEmpty: isManual })
    if (worker) superfluous.push(worker)
  }
  return {
    missing: broken.length < MAX_BROKEN ? Math.max(0, missing) : 0,
    why: (index) => whyMade(demand, lopsided, index),
    outdated: empty(old, replaced),
    superfluous,
    wanted: isManual ? replicas : busy + wanted,
    asked: isManual ? replicas : busy + needed,
    busy: alive.filter((worker) => !floor.isEmpty(worker)).length,
    hot: alive.filter((worker) => floor.isHot(worker)).map(({ name }) => name),
    isReliefStuck,
    isLopsided: lopsided,
    surplus: superfluous.map(({ name }) => name),
    broken: broken.length < MAX_BROKEN ? [] : broken.map(({ name }) => name),
  }
}

/** Every worker of the tier is up, and nobody is on the way from one to another. */
const isSettled = (tier: TierView, floor: Floor): boolean =>
  floor.workersOf(tier.name).every((worker) => {
    const isLeft = worker.deleting || worker.desiredState === 'Drained'
    return isLeft ? floor.isEmpty(worker) : worker.phase === 'Ready'
  })

/** It is empty and can take a tenant, or will when it is up. */
const isWarm = (worker: WorkerView, tier: TierView, floor: Floor): boolean =>
  worker.desiredState === 'Active' && floor.isEmpty(worker) && !(tier.dedicated && floor.isUsed(worker))

const workersFor = ({ tier, waiting }: Demand): number =>
  Math.max(
    Math.ceil(waiting.tenants / tier.tenantsPerWorker),
    tier.dedicated ? 0 : Math.ceil(waiting.sessions / tier.sessionsPerWorker),
  )

function whyMade({ tier, waiting, isReliefStuck, update }: Demand, isLopsided: boolean, index: number): string {
  if (update.isActive) return 'workers of an older template are replaced'
  const { replicas } = tier.workers
  if (replicas !== undefined) return `the tier is scaled by hand to ${replicas}`
  if (index < waiting.tenants) return 'tenants wait for a worker'
  if (isReliefStuck) return 'a worker is over its target'
  return isLopsided ? 'all spare ones are on one host' : 'to have an empty one ready'
}

/** `<tier>-<5 letters or digits>`; a worker's name is a label too, which is at most 63 long. */
function nameOf(tier: string, seed: string, index: number): string {
  const hash = createHash('sha256').update(`${seed}/${tier}/${index}`).digest()
  const suffix = Array.from(hash.subarray(0, 5), (byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('')
  return `${tier.slice(0, 57)}-${suffix}`
}
