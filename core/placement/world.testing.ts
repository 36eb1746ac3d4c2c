/** For tests: snapshots with few words, and a world in which plans come true. */
import type { Plan } from './action.ts'
import type { PlacementView, SessionView, Snapshot, TenantView, TierView, WorkerView } from './snapshot.ts'

export type World = {
  -readonly [Key in keyof Snapshot]: Snapshot[Key] extends readonly (infer T)[] ? T[] : Snapshot[Key]
}

export const tier = (name: string, more: Partial<TierView> = {}): TierView => ({
  name,
  price: 0,
  dedicated: false,
  tenantsPerWorker: 10,
  sessionsPerWorker: 1000,
  sessionsPerTenant: 5,
  workers: { min: 0, max: 20, spare: 0 },
  stabilizationMs: 300_000,
  revision: 'r1',
  update: { maxSurge: 1, maxMoving: 1, failureThreshold: 2, deadlineMs: 120_000 },
  maxMoving: 20,
  target: { messagesPerSecond: 100, loopLagMs: 200, memoryPercent: 80 },
  ...more,
})

export const tenant = (name: string, tier: string, more: Partial<TenantView> = {}): TenantView => ({
  name,
  tier,
  suspended: false,
  ...more,
})

export const session = (name: string, tenant: string, more: Partial<SessionView> = {}): SessionView => ({
  name,
  tenant,
  createdAt: '2026-01-01T00:00:00Z',
  running: true,
  leaving: false,
  linked: false,
  connected: false,
  ...more,
})

export const worker = (name: string, tier: string, more: Partial<WorkerView> = {}): WorkerView => ({
  name,
  tier,
  desiredState: 'Active',
  deleting: false,
  podUID: `pod-of-${name}`,
  phase: 'Ready',
  phaseSince: 0,
  used: false,
  ...more,
})

/** Placed on the worker and claimed by it. */
export const on = (name: string, generation = 1): Pick<SessionView, 'placement' | 'owner'> => ({
  placement: { worker: name, podUID: `pod-of-${name}`, generation },
  owner: { generation, podUID: `pod-of-${name}`, heldBy: name },
})

export const world = (parts: Partial<World>): World => ({
  tiers: [],
  tenants: [],
  sessions: [],
  workers: [],
  seed: 'seed',
  ...parts,
})

/** The world after a plan was carried out. Workers that were made are starting; deleted ones drain. */
export function apply(before: World, { actions, surplus, hot, relieved }: Plan, now: number): World {
  const tenants = new Map(before.tenants.map((t) => [t.name, t]))
  const sessions = new Map(before.sessions.map((s) => [s.name, s]))
  const workers = new Map<string, WorkerView>(
    before.workers.map((w) => [
      w.name,
      {
        ...w,
        surplusSince: surplus.has(w.name) ? (w.surplusSince ?? now) : undefined,
        hotSince: relieved.has(w.name) ? now : hot.has(w.name) ? (w.hotSince ?? now) : undefined,
      },
    ]),
  )
  const placeAt = (name: string, placement: PlacementView | undefined) =>
    sessions.set(name, { ...sessions.get(name)!, placement })

  for (const action of actions) {
    switch (action.do) {
      case 'Occupy': {
        const { name, ...rest } = workers.get(action.worker)!
        workers.set(name, { name, ...rest, used: true, tenant: action.tenant ?? rest.tenant })
        break
      }
      case 'Assign':
        tenants.set(action.tenant, { ...tenants.get(action.tenant)!, worker: action.worker })
        break
      case 'Welcome': {
        const { awaited: _, ...placement } = sessions.get(action.session)!.placement!
        placeAt(action.session, placement)
        break
      }
      case 'Place':
        placeAt(action.session, { ...action.placement, since: now })
        break
      case 'Unplace':
        placeAt(action.session, undefined)
        break
      case 'CreateWorker':
        workers.set(
          action.worker,
          worker(action.worker, action.tier, { podUID: undefined, phase: 'Starting', phaseSince: now }),
        )
        break
      case 'DeleteWorker':
        workers.set(action.worker, { ...workers.get(action.worker)!, deleting: true })
    }
  }
  return { ...before, tenants: [...tenants.values()], sessions: [...sessions.values()], workers: [...workers.values()] }
}

/**
 * Boots come up, workers release what was taken from them and claim what they were given, drained workers go. Pods are made
 * from the template of their tier; those of a bad one don't start, or start and connect nothing.
 */
export function settle(before: World, bad: { start?: string; connect?: string } = {}, now = 0): World {
  const revisions = new Map(before.tiers.map(({ name, revision }) => [name, revision]))
  const workers = before.workers.map((w): WorkerView => {
    if (w.phase !== 'Starting') return w
    const { unreadySince: _, ...up } = w
    const revision = w.revision ?? revisions.get(w.tier)
    const podUID = `pod-of-${w.name}`
    if (revision === bad.start) return { ...w, podUID, revision, unreadySince: w.unreadySince ?? now }
    return { ...up, phase: 'Ready', podUID, revision }
  })
  const byName = new Map(workers.map((w) => [w.name, w]))
  const sessions = before.sessions.map((s): SessionView => {
    const { placement } = s
    const w = byName.get(placement?.worker ?? '')
    if (!placement || (w?.phase !== 'Ready' && w?.phase !== 'Unsure')) {
      return { ...s, connected: false, owner: s.owner && { ...s.owner, heldBy: undefined } }
    }
    const { generation, podUID, worker } = placement
    return { ...s, connected: w.revision !== bad.connect, owner: { generation, podUID, heldBy: worker } }
  })
  const occupied = new Set([
    ...before.tenants.map(({ worker }) => worker),
    ...sessions.flatMap(({ placement, owner }) => [placement?.worker, owner?.heldBy]),
  ])
  return { ...before, sessions, workers: workers.filter(({ name, deleting }) => !deleting || occupied.has(name)) }
}
