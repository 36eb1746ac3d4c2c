/** What must hold for every plan, whatever the installation looks like and whatever happened to it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { plan } from './plan.ts'
import type { WorkerPhase } from './snapshot.ts'
import { apply, session, settle, tenant, tier, type World, worker, world } from './world.testing.ts'

const tiers = [
  tier('basic', { tenantsPerWorker: 3, sessionsPerTenant: 1, workers: { min: 0, max: 4, spare: 1 } }),
  tier('pro', { price: 29, tenantsPerWorker: 2, sessionsPerTenant: 3, workers: { min: 1, max: 3, spare: 0 } }),
  tier('max', { price: 99, dedicated: true, tenantsPerWorker: 1, workers: { min: 0, max: 4, spare: 1 } }),
]
const names = ['t0', 't1', 't2', 't3', 't4', 't5', 't6']

type Happening =
  | { what: 'tenant'; name: string; tier: string; suspended: boolean }
  | { what: 'session'; name: string; tenant: string; running: boolean; leaving: boolean; linked: boolean }
  | { what: 'worker'; pick: number; phase: WorkerPhase }
  | { what: 'order'; pick: number; desiredState: 'Active' | 'Cordoned' | 'Drained'; deleting: boolean }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    what: fc.constant('tenant' as const),
    name: fc.constantFrom(...names),
    tier: fc.constantFrom('basic', 'pro', 'max', 'mistyped'),
    suspended: fc.boolean(),
  }),
  fc.record({
    what: fc.constant('session' as const),
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    tenant: fc.constantFrom(...names),
    running: fc.boolean(),
    leaving: fc.boolean(),
    linked: fc.boolean(),
  }),
  fc.record({
    what: fc.constant('worker' as const),
    pick: fc.nat(20),
    phase: fc.constantFrom<WorkerPhase>('Ready', 'Unsure', 'Leaving', 'Lost', 'Gone'),
  }),
  fc.record({
    what: fc.constant('order' as const),
    pick: fc.nat(20),
    desiredState: fc.constantFrom('Active', 'Cordoned', 'Drained'),
    deleting: fc.boolean(),
  }),
)

function happen(before: World, event: Happening): World {
  if (event.what === 'tenant') {
    const { name, tier: of, suspended } = event
    const known = before.tenants.find((t) => t.name === name)
    const others = before.tenants.filter((t) => t.name !== name)
    return { ...before, tenants: [...others, tenant(name, of, { suspended, worker: known?.worker })] }
  }
  if (event.what === 'session') {
    const { what: _, tenant: owner, ...spec } = event
    const name = `${owner}.${spec.name}`
    const known = before.sessions.find((s) => s.name === name)
    const others = before.sessions.filter((s) => s.name !== name)
    return { ...before, sessions: [...others, { ...(known ?? session(name, owner)), ...spec, name }] }
  }
  const at = event.pick % Math.max(1, before.workers.length)
  return {
    ...before,
    workers: before.workers.map((w, index) => {
      if (index !== at || w.phase === 'Starting') return w
      if (event.what === 'order') {
        return { ...w, desiredState: event.desiredState, deleting: w.deleting || event.deleting }
      }
      // A pod that is gone never comes back.
      return w.phase === 'Gone' ? w : { ...w, phase: event.phase, phaseSince: 0 }
    }),
  }
}

const history = fc.array(happening, { maxLength: 40 })

/** Plans and carries out once; checks what every single plan must obey. */
function step(before: World, now: number): World {
  const seeded = { ...before, seed: `seed-${now}` }
  const made = plan(seeded, now)
  const after = apply(seeded, made, now)
  for (const action of made.actions) {
    if (action.do !== 'Place') continue
    const known = before.sessions.find((s) => s.name === action.session)!
    expect(action.placement.generation).toBeGreaterThan(known.placement?.generation ?? 0)
    expect(action.placement.generation).toBeGreaterThan(known.owner?.generation ?? 0)
  }
  checkSlots(after)
  return after
}

function checkSlots(state: World): void {
  for (const { name, tier: of } of state.workers) {
    const limit = tiers.find((t) => t.name === of)?.tenantsPerWorker ?? 1
    const here = new Set([
      ...state.tenants.filter((t) => t.worker === name).map((t) => t.name),
      ...state.sessions.filter((s) => s.placement?.worker === name || s.owner?.heldBy === name).map((s) => s.tenant),
    ])
    expect(here.size, `tenants on ${name}`).toBeLessThanOrEqual(limit)
  }
  for (const w of state.workers.filter((worker) => worker.tenant !== undefined)) {
    for (const s of state.sessions.filter(({ placement }) => placement?.worker === w.name)) {
      expect(s.tenant).toBe(w.tenant)
    }
  }
}

/** Every dedicated worker is one tenant's for its whole life. */
function checkOwnership(before: World, after: World): void {
  for (const w of before.workers) {
    const then = after.workers.find(({ name }) => name === w.name)
    if (w.tenant && then) expect(then.tenant).toBe(w.tenant)
  }
}

it('keeps slots, dedication and generations through everything that happens', () => {
  fc.assert(
    fc.property(history, (events) => {
      let state = world({ tiers, workers: [worker('pro-a', 'pro'), worker('max-a', 'max')] })
      events.forEach((event, index) => {
        const after = step(happen(state, event), index * 1_000)
        checkOwnership(state, after)
        state = index % 3 === 0 ? settle(after) : after
      })
    }),
    { numRuns: 300 },
  )
})

it('comes to rest when nothing more happens, with every session placed or told why not', () => {
  fc.assert(
    fc.property(history, (events) => {
      let state = events.reduce(happen, world({ tiers, workers: [worker('pro-a', 'pro'), worker('max-a', 'max')] }))
      for (let i = 0; i < 8; i++) state = settle(step(state, 1_000_000 + i * 400_000))
      const now = 1_000_000 + 8 * 400_000
      const last = plan(state, now)
      expect(last.actions).toEqual([])
      for (const s of state.sessions) {
        const told = last.reasons.has(s.name)
        if (s.placement && !told) {
          const target = state.tenants.find((t) => t.name === s.tenant)?.worker
          expect(s.placement.worker).toBe(target)
        } else expect(told, s.name).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

it('never takes back right away what it has just done', () => {
  fc.assert(
    fc.property(history, (events) => {
      const before = events.reduce(happen, world({ tiers, workers: [worker('pro-a', 'pro'), worker('max-a', 'max')] }))
      const first = plan(before, 0)
      const second = plan({ ...apply(before, first, 0), seed: 'another' }, 0)
      const placed = new Set(first.actions.flatMap((action) => (action.do === 'Place' ? [action.session] : [])))
      const made = new Set(first.actions.flatMap((action) => (action.do === 'CreateWorker' ? [action.worker] : [])))
      for (const action of second.actions) {
        expect(action.do).not.toBe('Unplace')
        if (action.do === 'Place') expect(placed).not.toContain(action.session)
        if (action.do === 'DeleteWorker') expect(made).not.toContain(action.worker)
      }
    }),
  )
})

it('does not depend on the order of what it is given', () => {
  fc.assert(
    fc.property(history, fc.infiniteStream(fc.nat()), (events, numbers) => {
      const state = events.reduce(happen, world({ tiers, workers: [worker('pro-a', 'pro'), worker('max-a', 'max')] }))
      const shuffle = <T>(items: T[]): T[] =>
        items
          .map((item) => [numbers.next().value as number, item] as const)
          .sort(([a], [b]) => a - b)
          .map(([, item]) => item)
      const shuffled = world({
        ...state,
        tiers: shuffle(state.tiers),
        tenants: shuffle(state.tenants),
        sessions: shuffle(state.sessions),
        workers: shuffle(state.workers),
      })
      const [a, b] = [plan(state, 5_000), plan(shuffled, 5_000)]
      expect(b.actions).toEqual(a.actions)
      expect(new Map([...b.reasons].sort())).toEqual(new Map([...a.reasons].sort()))
    }),
  )
})
