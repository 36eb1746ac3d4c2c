/** The planner that remembers answers what `plan` answers of the whole, through whatever happens. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Plan } from './action.ts'
import { plan } from './plan.ts'
import { Planner } from './planner.ts'
import type { LoadView, SessionView, WorkerPhase, WorkerView } from './snapshot.ts'
import { apply, session, settle, tenant, tier, type World, worker, world } from './world.testing.ts'

const basic = tier('basic', { tenantsPerWorker: 3, sessionsPerTenant: 1, workers: { min: 0, max: 4, spare: 1 } })
const pro = tier('pro', {
  price: 29,
  tenantsPerWorker: 2,
  sessionsPerTenant: 3,
  sessionsPerWorker: 4,
  workers: { min: 1, max: 4, spare: 1 },
  maxMoving: 1,
  hosts: ['n1', 'n2'],
})
const max = tier('max', { price: 99, dedicated: true, tenantsPerWorker: 1, workers: { min: 0, max: 4, spare: 1 } })
const names = ['t0', 't1', 't2', 't3', 't4', 't5', 't6']

type Happening = (before: World) => World

const change = <T extends { name: string }>(items: T[], item: T): T[] => [
  ...items.filter(({ name }) => name !== item.name),
  item,
]
const pickOf = <T>(items: T[], pick: number): T | undefined => items[pick % Math.max(1, items.length)]
const onWorker = (pick: number, to: (worker: WorkerView) => WorkerView): Happening => {
  return (before) => {
    const one = pickOf(before.workers, pick)
    return one && one.phase !== 'Gone' ? { ...before, workers: change(before.workers, to(one)) } : before
  }
}
const onSession = (pick: number, to: (session: SessionView) => SessionView): Happening => {
  return (before) => {
    const one = pickOf(before.sessions, pick)
    return one ? { ...before, sessions: change(before.sessions, to(one)) } : before
  }
}

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc
    .record({
      name: fc.constantFrom(...names),
      tier: fc.constantFrom('basic', 'pro', 'max', 'mistyped'),
      suspended: fc.boolean(),
    })
    .map(({ name, ...spec }): Happening => {
      return (before) => {
        const known = before.tenants.find((one) => one.name === name) ?? tenant(name, '')
        return { ...before, tenants: change(before.tenants, { ...known, ...spec }) }
      }
    }),
  fc
    .record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      tenant: fc.constantFrom(...names, 'nobody'),
      running: fc.boolean(),
      leaving: fc.boolean(),
      linked: fc.boolean(),
    })
    .map(({ name, ...spec }): Happening => {
      return (before) => {
        const known = before.sessions.find((one) => one.name === name) ?? session(name, spec.tenant)
        return { ...before, sessions: change(before.sessions, { ...known, ...spec }) }
      }
    }),
  fc.constantFrom(...names).map((name): Happening => {
    return (before) => ({ ...before, tenants: before.tenants.filter((one) => one.name !== name) })
  }),
  fc.constantFrom('a', 'b', 'c').map((name): Happening => {
    return (before) => ({ ...before, sessions: before.sessions.filter((one) => one.name !== name) })
  }),
  fc
    .tuple(fc.nat(20), fc.constantFrom<WorkerPhase>('Ready', 'Ready', 'Unsure', 'Leaving', 'Lost', 'Gone'))
    .map(([pick, phase]) => onWorker(pick, (one) => (one.phase === 'Starting' ? one : { ...one, phase }))),
  fc
    .tuple(fc.nat(20), fc.constantFrom<WorkerView['desiredState']>('Active', 'Cordoned', 'Drained'), fc.boolean())
    .map(([pick, desiredState, deleting]) =>
      onWorker(pick, (one) => ({ ...one, desiredState, deleting: one.deleting || deleting })),
    ),
  fc.tuple(fc.nat(20), fc.nat(150), fc.constantFrom('n1', 'n2')).map(([pick, messagesPerSecond, host]) =>
    onWorker(pick, (one) => {
      const load: LoadView = { messagesPerSecond, loopLagMs: 0, memoryPercent: 0 }
      return { ...one, load, host }
    }),
  ),
  fc.nat(20).map((pick): Happening => {
    return (before) => ({ ...before, workers: before.workers.filter((_, index) => index !== pick) })
  }),
  fc
    .nat(20)
    .map((pick) => onSession(pick, (one) => ({ ...one, owner: one.owner && { ...one.owner, heldBy: undefined } }))),
  fc
    .tuple(fc.nat(20), fc.nat(9))
    .map(([pick, generation]) =>
      onSession(pick, (one) => ({ ...one, owner: { ...one.owner, generation, podUID: 'of-another' } })),
    ),
  fc
    .tuple(fc.constantFrom(basic, pro, max), fc.constantFrom('r1', 'r1', 'r2'), fc.nat(2))
    .map(([of, revision, spare]): Happening => {
      return (before) => ({
        ...before,
        tiers: change(before.tiers, { ...of, revision, workers: { ...of.workers, spare } }),
      })
    }),
  fc.constant<Happening>((before) => ({ ...before, tiers: before.tiers.filter(({ name }) => name !== 'basic') })),
)

const settling = fc.constant<Happening>((before) => settle(before))
const mostly = fc.constantFrom(true, true, true, false)

/** Everybody is where he belongs. */
const start = inPlace(
  world({
    tiers: [basic, pro, max],
    tenants: names.map((name, index) => tenant(name, ['basic', 'pro', 'max'][index % 3]!)),
    sessions: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, index) => session(name, names[index % 7]!)),
    workers: [worker('pro-a', 'pro'), worker('max-a', 'max')],
  }),
)

function inPlace(state: World): World {
  let now = state
  for (const seed of ['first', 'second', 'third']) now = settle(apply(now, plan({ ...now, seed }, 0), 0))
  return now
}

/** Objects that say the same as before are the ones from before, as for one who keeps them. */
function keep(before: World, now: World): World {
  const kept = <T extends { name: string }>(a: T[], b: T[]): T[] => {
    const known = new Map(a.map((item) => [item.name, item]))
    return b.map((item) => (isDeepStrictEqual(known.get(item.name), item) ? known.get(item.name)! : item))
  }
  return {
    tiers: kept(before.tiers, now.tiers),
    tenants: kept(before.tenants, now.tenants),
    sessions: kept(before.sessions, now.sessions),
    workers: kept(before.workers, now.workers),
    seed: now.seed,
  }
}

/** In an order that says nothing; of workers that are there. */
const comparable = ({ load, reasons, ...rest }: Plan, { workers }: World) => ({
  ...rest,
  reasons: new Map([...reasons].sort()),
  load: workers.map(({ name }) => {
    const { tenants = new Set(), sessions = new Map() } = load.get(name) ?? {}
    return { name, tenants: [...tenants].sort(), sessions: [...sessions].sort() }
  }),
})

/** What happens, whether it is planned then, and whether the plan is carried out; workers follow often. */
const history = fc.array(
  fc.tuple(fc.oneof({ arbitrary: happening, weight: 3 }, { arbitrary: settling, weight: 1 }), fc.boolean(), mostly),
  { minLength: 20, maxLength: 60, size: 'max' },
)

it('plans as if it had looked at everything anew', () => {
  fc.assert(
    fc.property(history, (events) => {
      const planner = new Planner()
      let known = world({})
      let state = start
      for (const [index, [happen, isPlanned, isCarriedOut]] of events.entries()) {
        state = happen(state)
        if (!isPlanned) continue
        const [now, seed] = [index * 40_000, `seed-${index}`]
        known = keep(known, state)
        planner.take(known)
        const whole = plan({ ...state, seed }, now)
        expect(comparable(planner.plan(seed, now), state)).toEqual(comparable(whole, state))
        if (isCarriedOut) state = { ...apply(state, whole, now), seed }
      }
    }),
    { numRuns: 25 },
  )
})
