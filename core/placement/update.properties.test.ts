/** What must hold for every rolling update, whatever the installation looks like and whatever happens during it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { plan } from './plan.ts'
import type { SessionView, TierView, WorkerView } from './snapshot.ts'
import { apply, session, settle, tenant, tier, type World, world } from './world.testing.ts'

const SECOND = 1_000
const DEADLINE = 120 * SECOND

const rolling = fc.record({
  maxSurge: fc.integer({ min: 1, max: 3 }),
  maxMoving: fc.integer({ min: 1, max: 4 }),
  failureThreshold: fc.integer({ min: 1, max: 4 }),
  deadlineMs: fc.constant(DEADLINE),
})

const aTier: fc.Arbitrary<TierView> = fc
  .record({
    update: rolling,
    dedicated: fc.boolean(),
    tenantsPerWorker: fc.integer({ min: 1, max: 4 }),
    sessionsPerWorker: fc.constantFrom(4, 1000),
    min: fc.integer({ min: 0, max: 3 }),
    spare: fc.integer({ min: 0, max: 3 }),
    replicas: fc.option(fc.integer({ min: 4, max: 8 }), { nil: undefined }),
  })
  .map(({ min, spare, replicas, dedicated, tenantsPerWorker, ...more }) =>
    tier('pro', {
      ...more,
      dedicated,
      tenantsPerWorker: dedicated ? 1 : tenantsPerWorker,
      workers: { min, max: 8, spare, ...(replicas === undefined ? {} : { replicas }) },
    }),
  )

/** Some customers, by how many sessions each has. */
const customers = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 })

/**
 * An installation in which all is done, and there was room for everybody. (Where there was not, whoever waits may take what
 * an update frees before those come back whom it has moved; then it takes a person to raise the limit.)
 */
function atRest(of: TierView, sizes: number[]): { state: World; now: number } {
  const tenants = sizes.map((_, index) => tenant(`t${index}`, of.name))
  const sessions = sizes.flatMap((size, index) =>
    Array.from({ length: size }, (_, i) => session(`t${index}.${i}`, `t${index}`)),
  )
  const rest = run(world({ tiers: [of], tenants, sessions }), 0, 12, 400 * SECOND)
  fc.pre(rest.state.sessions.every(({ placement }) => placement))
  return rest
}

interface Hooks {
  bad?: { start?: string; connect?: string }
  /** Whether the world settles in this round. */
  isQuick?: (round: number) => boolean
  check?: (before: World, after: World, now: number) => void
}

/** So many rounds, each `stepMs` after the one before, or fewer, if there is nothing more to do. */
function run(from: World, start: number, rounds: number, stepMs: number, hooks: Hooks = {}) {
  const { bad, isQuick = () => true, check } = hooks
  let [state, now, isSettled] = [from, start, false]
  for (let round = 0; round < rounds; round++, now += stepMs) {
    const seeded = { ...state, seed: `seed-${now}` }
    const made = plan(seeded, now)
    if (isSettled && made.actions.length === 0 && made.surplus.size === 0) break
    const planned = apply(seeded, made, now)
    check?.(state, planned, now)
    isSettled = isQuick(round)
    state = isSettled ? settle(planned, bad, now) : planned
  }
  return { state, now }
}

const changed = (state: World, revision: string): World => ({
  ...state,
  tiers: state.tiers.map((t) => ({ ...t, revision })),
})

const isAway = ({ placement, owner, connected }: SessionView): boolean =>
  placement !== undefined && !(owner?.heldBy === placement.worker && connected)

const isStaying = ({ deleting }: WorkerView): boolean => !deleting

/** Sessions that a plan has moved from where they were held. */
const movedBy = (before: World, after: World): string[] =>
  after.sessions
    .filter(({ placement }, index) => placement?.generation !== before.sessions[index]!.placement?.generation)
    .map(({ name }) => name)

/** More than so many rounds are never needed for so few sessions. */
const ENOUGH = 1_000

it('replaces every worker, never moves more than allowed, nothing twice, and has never more workers than allowed', () => {
  fc.assert(
    fc.property(aTier, customers, fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), (of, sizes, quick) => {
      const rest = atRest(of, sizes)
      const { maxMoving, maxSurge } = of.update
      const moves = new Map<string, number>()
      const { state, now } = run(changed(rest.state, 'r2'), rest.now, ENOUGH, SECOND, {
        isQuick: (round) => round % 8 === 7 || quick[round % 8]!,
        check(before, after) {
          expect(after.sessions.filter(isAway).length).toBeLessThanOrEqual(maxMoving)
          expect(after.workers.filter(isStaying).length).toBeLessThanOrEqual(rest.state.workers.length + maxSurge)
          for (const name of movedBy(before, after)) moves.set(name, (moves.get(name) ?? 0) + 1)
        },
      })
      expect([...moves.values()].every((count) => count === 1)).toBe(true)
      expect(moves.size).toBe(state.sessions.length)
      expect(state.workers.filter(({ revision }) => revision !== 'r2')).toEqual([])
      expect(state.sessions.filter((s) => isAway(s) || s.placement?.awaited)).toEqual([])
      expect(plan(state, now).actions).toEqual([])
    }),
    { numRuns: 60 },
  )
})

it('stops when nothing comes back, hurting no more than it may, and goes back when it is told to', () => {
  fc.assert(
    fc.property(aTier, customers, (of, sizes) => {
      const rest = atRest(of, sizes)
      const { maxMoving, failureThreshold } = of.update
      const bad = { connect: 'r2' }
      const broken = run(changed(rest.state, 'r2'), rest.now, ENOUGH, DEADLINE, { bad })
      const hurt = broken.state.sessions.filter(isAway)
      expect(hurt.length).toBeLessThanOrEqual(failureThreshold + maxMoving - 1)
      expect(plan(broken.state, broken.now).actions).toEqual([])

      const back = run(changed(broken.state, 'r1'), broken.now, ENOUGH, SECOND, { bad })
      expect(back.state.sessions.filter(isAway)).toEqual([])
      expect(back.state.workers.filter(({ revision }) => revision !== 'r1')).toEqual([])
      expect(plan(back.state, back.now).actions).toEqual([])
    }),
    { numRuns: 60 },
  )
})

it('moves nothing when no new worker starts, and undoes that as well', () => {
  fc.assert(
    fc.property(aTier, customers, (of, sizes) => {
      const rest = atRest(of, sizes)
      const bad = { start: 'r2' }
      const broken = run(changed(rest.state, 'r2'), rest.now, ENOUGH, DEADLINE, {
        bad,
        check: (before, after) => expect(movedBy(before, after)).toEqual([]),
      })
      const { stall } = plan(broken.state, broken.now).updates.get('pro')!
      expect(stall).toBe(rest.state.workers.length > 0 ? 'WorkersNotReady' : undefined)
      expect(broken.state.workers.filter(isStaying).length).toBeLessThanOrEqual(
        rest.state.workers.length + of.update.maxSurge,
      )

      const back = run(changed(broken.state, 'r1'), broken.now, ENOUGH, SECOND, {
        bad,
        check: (before, after) => expect(movedBy(before, after)).toEqual([]),
      })
      expect(back.state.workers.filter(({ revision }) => revision !== 'r1')).toEqual([])
      expect(plan(back.state, back.now).actions.filter((action) => action.do !== 'DeleteWorker')).toEqual([])
    }),
    { numRuns: 60 },
  )
})

/** What may happen in a round of an update. */
const trouble = fc.record({
  round: fc.integer({ min: 0, max: 60 }),
  what: fc.oneof(
    fc.record({ revision: fc.constantFrom('r1', 'r2', 'r3') }),
    fc.record({ dies: fc.nat(20) }),
    fc.record({ cordoned: fc.nat(20) }),
  ),
})

it('comes through other changes, dying and cordoned workers, and comes to rest', () => {
  fc.assert(
    fc.property(aTier, customers, fc.array(trouble, { maxLength: 6 }), (of, sizes, troubles) => {
      const rest = atRest(of, sizes)
      let { state, now } = { ...rest, state: changed(rest.state, 'r2') }
      for (let round = 0; round <= 60; round++) {
        for (const { what } of troubles.filter((one) => one.round === round)) {
          if ('revision' in what) state = changed(state, what.revision)
          const workers = state.workers.map((w, index) => {
            if ('dies' in what && index === what.dies) return { ...w, phase: 'Gone' as const }
            return 'cordoned' in what && index === what.cordoned ? { ...w, desiredState: 'Cordoned' as const } : w
          })
          state = { ...state, workers }
        }
        ;({ state, now } = run(state, now, 1, SECOND, {
          check(before, after) {
            const away = after.sessions.filter(({ placement }) => placement?.awaited)
            const moved = movedBy(before, after).filter((name) => away.some((s) => s.name === name))
            expect(moved.length).toBeLessThanOrEqual(of.update.maxMoving)
          },
        }))
      }
      const { revision } = state.tiers[0]!
      const last = run(state, now, ENOUGH, 400 * SECOND)
      const { actions, reasons, updates } = plan(last.state, last.now)
      expect(actions).toEqual([])
      const full = updates.get('pro')!.outdated > 0
      // Where a cordoned worker takes the last place that the tier may have, an update waits for people.
      if (!full) expect(last.state.workers.filter((w) => isStaying(w) && w.revision !== revision)).toEqual([])
      expect(last.state.sessions.filter((s) => isAway(s) && !reasons.has(s.name))).toEqual([])
    }),
    { numRuns: 60 },
  )
})

it('never takes back right away what it has just done', () => {
  fc.assert(
    fc.property(aTier, customers, fc.integer({ min: 0, max: 40 }), (of, sizes, rounds) => {
      const rest = atRest(of, sizes)
      const { state, now } = run(changed(rest.state, 'r2'), rest.now, rounds, SECOND)
      const next = (from: World, seed: string) => apply({ ...from, seed }, plan({ ...from, seed }, now), now)
      const first = next(state, 'first')
      const second = next(first, 'second')
      const moved = new Set(movedBy(state, first))
      expect(movedBy(first, second).filter((name) => moved.has(name))).toEqual([])
      const isNew = ({ name }: WorkerView) => !state.workers.some((w) => w.name === name)
      expect(second.workers.filter((w) => isNew(w) && w.deleting)).toEqual([])
    }),
  )
})
