import { describe, expect, it } from 'vitest'
import { plan } from './plan.ts'
import { apply, on, session, settle, tenant, tier, type World, worker, world } from './world.testing.ts'

const pro = tier('pro', { workers: { min: 0, max: 5, spare: 1 } })
const old = { revision: 'r0', used: true }
const three = ['a', 'b', 'c'].map((name) => session(name, 'acme', { ...on('pro-a'), connected: true }))
const acme = { tiers: [pro], tenants: [tenant('acme', 'pro', { worker: 'pro-a' })], sessions: three }

/** What a plan does, in short. */
const does = (state: World, now = 0): string[] =>
  plan(state, now).actions.map((action) => {
    if (action.do === 'Place') return `${action.session} → ${action.placement.worker}`
    if (action.do === 'Assign') return `${action.tenant} → ${action.worker}`
    return [action.do, 'worker' in action && action.do !== 'CreateWorker' ? action.worker : ''].join(' ').trim()
  })
const carryOut = (state: World, now = 0): World => apply(state, plan(state, now), now)
const stallOf = (state: World, now: number) => plan(state, now).updates.get('pro')?.stall

describe('spare workers', () => {
  const spare = worker('pro-s', 'pro', { revision: 'r0' })
  const state = world({ ...acme, workers: [worker('pro-a', 'pro', old), spare] })

  it('are replaced before anything moves; the old one goes when the new one is ready', () => {
    expect(does(state)).toEqual(['CreateWorker'])
    const made = carryOut(state)
    expect(does(made)).toEqual([])
    expect(does(settle(made))).toEqual(['DeleteWorker pro-s'])
  })

  it('of the old template still take who has lost its worker, while there is no new one', () => {
    const lost = { ...state, workers: [worker('pro-a', 'pro', { ...old, phase: 'Lost' }), spare] }
    expect(does(lost)).toContain('acme → pro-s')
    const both = { ...lost, workers: [...lost.workers, worker('pro-n', 'pro', { revision: 'r1' })] }
    expect(does(both)).toContain('acme → pro-n')
  })

  it('that never came up go at once, and count for nothing', () => {
    const waiting = { ...spare, phase: 'Starting' as const }
    expect(does({ ...state, workers: [state.workers[0]!, waiting] })).toEqual(['CreateWorker', 'DeleteWorker pro-s'])
  })
})

describe('sessions', () => {
  const state = world({
    ...acme,
    workers: [worker('pro-a', 'pro', old), worker('pro-n', 'pro', { revision: 'r1' })],
  })

  it('move one by one, each when the one before is back', () => {
    const first = carryOut(state)
    expect(does(state).slice(0, 3)).toEqual(['Occupy pro-n', 'acme → pro-n', 'a → pro-n'])
    expect(first.sessions[0]?.placement?.awaited).toEqual({ state: 'Connected', revision: 'r1', since: 0 })
    expect(does(first)).toEqual([])
    const back = settle(first)
    expect(does(back)).toEqual(['b → pro-n'].concat('Welcome').toReversed())
    expect(carryOut(back).sessions[0]?.placement).toEqual({
      since: 0,
      worker: 'pro-n',
      podUID: 'pod-of-pro-n',
      generation: 2,
    })
  })

  it('are back when claimed, if they were not connected before', () => {
    const unlinked = { ...state, sessions: three.map((s) => ({ ...s, connected: false })) }
    const first = carryOut(unlinked)
    expect(first.sessions[0]?.placement?.awaited?.state).toBe('Claimed')
    expect(does(settle(first, { connect: 'r1' }))).toContain('b → pro-n')
  })

  it('move so many at a time as the tier says', () => {
    const faster = { ...state, tiers: [{ ...pro, update: { ...pro.update, maxMoving: 2 } }] }
    expect(does(faster).filter((done) => done.endsWith('→ pro-n'))).toEqual(['acme → pro-n', 'a → pro-n', 'b → pro-n'])
  })

  it('stay while either worker is not quite well', () => {
    const begun = settle(carryOut(state))
    for (const name of ['pro-a', 'pro-n']) {
      const workers = begun.workers.map((w) => (w.name === name ? { ...w, phase: 'Unsure' as const } : w))
      expect(does({ ...begun, workers })).toEqual(['Welcome'])
    }
  })

  it('move to a worker that is made for them, where none is kept warm', () => {
    const tight = tier('pro', { workers: { min: 0, max: 1, spare: 0 } })
    const alone = world({ ...acme, tiers: [tight], workers: [worker('pro-a', 'pro', old)] })
    expect(does(alone)).toEqual(['CreateWorker'])
    expect(does(settle(carryOut(alone))).map((done) => done.replace(/pro-.{5}$/, 'new'))).toContain('a → new')
  })
})

it('does not wait for an old worker to be well that has not been for long', () => {
  const workers = [worker('pro-a', 'pro', { ...old, phase: 'Unsure', unreadySince: 1_000 })]
  const state = world({
    ...acme,
    tiers: [tier('pro')],
    workers: [...workers, worker('pro-n', 'pro', { revision: 'r1' })],
  })
  expect(does(state, 120_999)).toEqual([])
  expect(does(state, 121_000)).toContain('a → pro-n')
})

describe('an update stops', () => {
  const workers = [worker('pro-a', 'pro', old), worker('pro-n', 'pro', { revision: 'r1' })]
  const bad = { connect: 'r1' }
  const first = settle(carryOut(world({ ...acme, workers })), bad)
  const second = settle(carryOut(first, 120_000), bad)

  it('when so many sessions were not back in time, and says which', () => {
    expect(does(first, 119_999)).toEqual([])
    expect(does(first, 120_000)).toEqual(['b → pro-n'])
    expect(stallOf(second, 239_999)).toBeUndefined()
    expect(does(second, 240_000)).toEqual([])
    expect(plan(second, 240_000).updates.get('pro')).toMatchObject({
      stall: 'SessionsMissing',
      missing: ['a', 'b'],
      moving: [],
    })
  })

  it('and goes on when they are back', () => {
    expect(does(settle(second), 300_000)).toEqual(['Welcome', 'Welcome', 'c → pro-n'])
  })

  it('and goes back with the template, those that are missing first', () => {
    const back = { ...second, tiers: [{ ...pro, revision: 'r0' }] }
    expect(does(back, 300_000)).toEqual(['acme → pro-a', 'a → pro-a'])
    expect(does(settle(carryOut(back, 300_000), bad), 301_000)).toEqual(['Welcome', 'b → pro-a'])
  })

  it('and gives those who lose their worker an old one', () => {
    const more = {
      tenants: [...second.tenants, tenant('late', 'pro')],
      sessions: [...second.sessions, session('z', 'late')],
    }
    expect(does({ ...second, ...more }, 300_000)).toContain('late → pro-a')
  })

  it('when a new worker is not ready in time', () => {
    const starting = worker('pro-n', 'pro', { revision: 'r1', phase: 'Starting', unreadySince: 1_000 })
    const state = world({ ...acme, workers: [workers[0]!, worker('pro-s', 'pro', { revision: 'r0' }), starting] })
    expect(stallOf(state, 120_999)).toBeUndefined()
    expect(plan(state, 121_000).updates.get('pro')).toMatchObject({ stall: 'WorkersNotReady', unready: ['pro-n'] })
    expect(does(state, 1_000_000)).toEqual([])
    const unsure = { ...starting, phase: 'Unsure' as const, used: true }
    expect(stallOf({ ...state, workers: [workers[0]!, unsure] }, 121_000)).toBe('WorkersNotReady')
    const crashing = { ...starting, phase: 'Lost' as const, phaseSince: 1_000 }
    expect(does({ ...state, workers: [...state.workers.slice(0, 2), crashing] }, 1_000_000)).toEqual([])
  })
})

it('a change in the middle of an update leaves those alone that are right again', () => {
  const tiers = [tier('pro')]
  const workers = [worker('pro-a', 'pro', old), worker('pro-n', 'pro', { revision: 'r1' })]
  const half = settle(carryOut(settle(carryOut(world({ ...acme, tiers, workers })))))
  expect(half.sessions.map(({ placement }) => placement?.worker)).toEqual(['pro-n', 'pro-n', 'pro-a'])
  const back = { ...half, tiers: [tier('pro', { revision: 'r0' })] }
  expect(does(back).filter((done) => done.includes('→'))).toEqual(['acme → pro-a', 'a → pro-a'])
})

it('a dedicated tenant moves to a worker that nobody had, and the old one goes', () => {
  const max = tier('max', { dedicated: true, tenantsPerWorker: 1, workers: { min: 0, max: 5, spare: 0 } })
  let state = world({
    tiers: [max],
    tenants: [tenant('acme', 'max', { worker: 'max-a' })],
    sessions: [session('a', 'acme', { ...on('max-a'), connected: true })],
    workers: [worker('max-a', 'max', { ...old, tenant: 'acme' })],
  })
  for (let i = 0; i < 6; i++) state = settle(carryOut(state))
  expect(state.workers).toMatchObject([{ revision: 'r1', tenant: 'acme' }])
  expect(state.sessions).toMatchObject([{ placement: { worker: state.workers[0]!.name }, connected: true }])
})

it('a tier scaled by hand has at most the surge more', () => {
  const manual = tier('pro', { workers: { min: 0, max: 2, spare: 1, replicas: 2 } })
  let state = world({
    ...acme,
    tiers: [manual],
    workers: [worker('pro-a', 'pro', old), worker('pro-b', 'pro', { revision: 'r0' })],
  })
  for (let i = 0; i < 15; i++) {
    state = settle(carryOut({ ...state, seed: `${i}` }))
    expect(state.workers.length).toBeLessThanOrEqual(3)
  }
  expect(state.workers.map(({ revision }) => revision)).toEqual(['r1', 'r1'])
  expect(does(state)).toEqual([])
})
