/** For tests: a world whose workers are as busy as the tenants on them. */
import type { Action } from './action.ts'
import { plan } from './plan.ts'
import { apply, on, session, settle, tenant, tier, type World, worker } from './world.testing.ts'

/** Messages per second of each tenant, spread evenly over its sessions; of others none. */
export type Rates = ReadonlyMap<string, number>

export function measured(world: World, rates: Rates): World {
  const sizes = new Map(
    [...Map.groupBy(world.sessions, ({ tenant }) => tenant)].map(([name, own]) => [name, own.length]),
  )
  const busy = new Map<string, number>()
  for (const { tenant, owner } of world.sessions) {
    const held = owner?.heldBy
    if (held) busy.set(held, (busy.get(held) ?? 0) + (rates.get(tenant) ?? 0) / sizes.get(tenant)!)
  }
  return {
    ...world,
    workers: world.workers.map((worker) => ({
      ...worker,
      load: { messagesPerSecond: Math.round(busy.get(worker.name) ?? 0), loopLagMs: 0, memoryPercent: 0 },
    })),
  }
}

export const QUIET: Rates = new Map()
export const pro = tier('pro', { tenantsPerWorker: 4, workers: { min: 0, max: 6, spare: 1 } })

/** Tenants of the tier pro with one session each, where they belong. */
export const customers = (places: Record<string, string>): Pick<World, 'tenants' | 'sessions'> => ({
  tenants: Object.entries(places).map(([name, at]) => tenant(name, 'pro', { worker: at })),
  sessions: Object.entries(places).map(([name, at]) => session(`${name}.a`, name, { ...on(at), connected: true })),
})
export const used = (name: string, more = {}) => worker(name, 'pro', { used: true, revision: 'r1', ...more })
export const fresh = (name: string, more = {}) => worker(name, 'pro', { revision: 'r1', ...more })
export const namesOf = ({ workers }: World) => workers.map(({ name }) => name)

export interface Step {
  world: World
  actions: Action[]
}

/** Plans and carries out, once a minute; what the operator remembers is in the world. */
export function* minutes(start: World, rates: Rates, count: number, from = 0): Generator<Step> {
  let world = start
  for (let minute = from; minute < from + count; minute++) {
    const now = minute * 60_000
    const seen = { ...measured(world, rates), seed: `seed-${minute}` }
    const made = plan(seen, now)
    world = settle(apply(seen, made, now), {}, now)
    yield { world, actions: made.actions }
  }
}

/** The last of them. */
export const after = (start: World, rates: Rates, count: number, from = 0): World =>
  [...minutes(start, rates, count, from)].at(-1)!.world
