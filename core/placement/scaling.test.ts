import { describe, expect, it } from 'vitest'
import { plan } from './plan.ts'
import { after, customers, fresh, minutes, namesOf, pro, QUIET, type Rates, used } from './scaling.testing.ts'
import { on, session, tenant, type World, worker, world } from './world.testing.ts'

const placeOf = ({ sessions }: World, name: string) => sessions.find((one) => one.name === name)?.placement?.worker

describe('a worker that is not needed though somebody is on it', () => {
  const state = world({
    tiers: [pro],
    ...customers({ a: 'pro-1', b: 'pro-1', c: 'pro-2' }),
    workers: [used('pro-1'), used('pro-2'), fresh('pro-s')],
  })

  it('is drained after the time of its tier: the emptiest, and into those that are in use', () => {
    expect([...plan(state, 0).surplus]).toEqual(['pro-2'])
    expect(after(state, QUIET, 5)).toMatchObject({ workers: state.workers.map(({ name }) => ({ name })) })
    const smaller = after(state, QUIET, 9)
    expect(namesOf(smaller)).toEqual(['pro-1', 'pro-s'])
    expect(placeOf(smaller, 'c.a')).toBe('pro-1')
    expect(smaller.workers.find(({ name }) => name === 'pro-s')?.used).toBe(false)
  })

  it.each<[string, Partial<World>]>([
    ['there is no room elsewhere', { tiers: [{ ...pro, tenantsPerWorker: 2 }] }],
    ['the tier would have fewer than its least', { tiers: [{ ...pro, workers: { ...pro.workers, min: 3 } }] }],
    ['the others would have too many sessions', { tiers: [{ ...pro, sessionsPerWorker: 2 }] }],
    ['another worker is in trouble', { workers: [used('pro-1'), used('pro-2'), fresh('pro-s', { phase: 'Unsure' })] }],
    ['an update goes on', { workers: [used('pro-1'), used('pro-2', { revision: 'r0' }), fresh('pro-s')] }],
    [
      'it would make the other one hot',
      {
        workers: [
          used('pro-1', { load: { messagesPerSecond: 71, loopLagMs: 0, memoryPercent: 0 } }),
          used('pro-2'),
          fresh('pro-s'),
        ],
      },
    ],
  ])('stays when %s', (_, more) => {
    expect([...plan({ ...state, ...more }, 0).surplus]).toEqual([])
  })

  it('stays when it is wanted again in time', () => {
    const [d, e] = ['d', 'e'].map((name) => ({ tenant: tenant(name, 'pro'), session: session(`${name}.a`, name) }))
    let now = after(state, QUIET, 4)
    now = {
      ...now,
      tenants: [...now.tenants, d!.tenant, e!.tenant],
      sessions: [...now.sessions, d!.session, e!.session],
    }
    expect(namesOf(after(now, QUIET, 20, 4))).toEqual(['pro-1', 'pro-2', 'pro-s'])
  })

  it('is told by what the plan says of the tier', () => {
    expect(plan(state, 0).scaling.get('pro')).toMatchObject({ wanted: 3, asked: 3, busy: 2, surplus: ['pro-2'] })
  })
})

describe('planned moves', () => {
  const many = Array.from({ length: 5 }, (_, i) => session(`a.${i}`, 'a', { ...on('pro-1'), connected: true }))
  const slow = { ...pro, maxMoving: 2 }
  const parts = { tiers: [slow], tenants: [tenant('a', 'pro', { worker: 'pro-1' })], sessions: many }
  const placed = (state: World, now = 0) => plan(state, now).actions.filter((action) => action.do === 'Place')

  it.each([
    ['drained', { desiredState: 'Drained' }],
    ['deleted', { deleting: true }],
  ] as const)('off a worker that is %s go a few at a time', (_, change) => {
    const state = world({ ...parts, workers: [used('pro-1', change), fresh('pro-2')] })
    expect(placed(state)).toHaveLength(2)
    const moves = [...minutes(state, QUIET, 4)].map(
      ({ actions }) => actions.filter(({ do: it }) => it === 'Place').length,
    )
    expect(moves).toEqual([2, 2, 1, 0])
  })

  it('to another tier do, too', () => {
    const gold = { ...slow, name: 'gold' }
    const state = world({
      ...parts,
      tiers: [slow, gold],
      tenants: [tenant('a', 'gold', { worker: 'pro-1' })],
      workers: [used('pro-1'), worker('gold-1', 'gold')],
    })
    expect(placed(state)).toHaveLength(2)
  })

  it('wait while others are on their way, and not for one that never arrives', () => {
    const stuck = session('b.a', 'b', { placement: { ...on('pro-2').placement!, since: 0 } })
    const state = world({
      ...parts,
      tiers: [{ ...slow, maxMoving: 1 }],
      tenants: [...parts.tenants, tenant('b', 'pro', { worker: 'pro-2' })],
      sessions: [...many, stuck],
      workers: [used('pro-1', { desiredState: 'Drained' }), used('pro-2')],
    })
    expect(placed(state, 119_999)).toHaveLength(0)
    expect(placed(state, 120_000)).toHaveLength(1)
  })

  it('are nothing that who has lost its worker waits for', () => {
    expect(placed(world({ ...parts, workers: [used('pro-1', { phase: 'Lost' }), fresh('pro-2')] }))).toHaveLength(5)
    expect(placed(world({ ...parts, workers: [used('pro-1', { phase: 'Leaving' }), fresh('pro-2')] }))).toHaveLength(5)
  })
})

describe('a worker over its target', () => {
  const rates: Rates = new Map([
    ['a', 60],
    ['b', 50],
  ])
  const state = world({
    tiers: [pro],
    ...customers({ a: 'pro-1', b: 'pro-1', c: 'pro-2' }),
    workers: [used('pro-1'), used('pro-2'), fresh('pro-s')],
  })
  const hot = { load: { messagesPerSecond: 110, loopLagMs: 0, memoryPercent: 0 } }

  it('takes a new tenant only where nobody else does', () => {
    const newcomer = {
      tenants: [...state.tenants, tenant('d', 'pro')],
      sessions: [...state.sessions, session('d.a', 'd')],
    }
    const target = (workers: World['workers']) =>
      plan({ ...state, ...newcomer, workers }, 0).actions.flatMap((action) =>
        action.do === 'Assign' && action.tenant === 'd' ? action.worker : [],
      )
    expect(target([used('pro-1'), used('pro-2')])).toEqual(['pro-1'])
    expect(target([used('pro-1', hot), used('pro-2')])).toEqual(['pro-2'])
    expect(target([used('pro-1', hot), fresh('pro-s')])).toEqual(['pro-s'])
    expect(target([used('pro-1', hot)])).toEqual(['pro-1'])
  })

  it.each([
    ['messages', { messagesPerSecond: 100, loopLagMs: 0, memoryPercent: 0 }],
    ['a slow event loop', { messagesPerSecond: 0, loopLagMs: 200, memoryPercent: 0 }],
    ['memory', { messagesPerSecond: 0, loopLagMs: 0, memoryPercent: 80 }],
  ])('is so by %s, until it is well below', (_, load) => {
    const isHot = (share: number, hotSince?: number) => {
      const part = Object.fromEntries(Object.entries(load).map(([figure, value]) => [figure, value * share]))
      const busy = used('pro-1', { load: { ...load, ...part }, hotSince })
      return plan({ ...state, workers: [busy, used('pro-2')] }, 0).hot.has('pro-1')
    }
    expect([isHot(0.99), isHot(1), isHot(0.81, 0), isHot(0.79, 0)]).toEqual([false, true, true, false])
  })

  it('loses its largest tenant to an empty worker after two minutes, which is made up for', () => {
    const steps = [...minutes(state, rates, 8)]
    expect(steps.slice(0, 2).flatMap(({ actions }) => actions)).toEqual([])
    expect(steps[2]!.actions.map(({ do: it }) => it)).toEqual(['Occupy', 'Assign', 'Place', 'CreateWorker'])
    expect(steps[2]!.actions).toContainEqual(
      expect.objectContaining({ do: 'Place', why: 'its worker is over its target' }),
    )
    expect(placeOf(steps[7]!.world, 'a.a')).toBe('pro-s')
    expect(placeOf(steps[7]!.world, 'b.a')).toBe('pro-1')
  })

  it('has one made where there is no spare one, and waits at the limit', () => {
    const bare = { ...pro, workers: { min: 0, max: 3, spare: 0 } }
    const two = { ...state, tiers: [bare], workers: [used('pro-1'), used('pro-2')] }
    const steps = [...minutes(two, rates, 6)]
    expect(steps[2]!.actions).toMatchObject([{ do: 'CreateWorker', why: 'a worker is over its target' }])
    expect(steps[3]!.actions).toContainEqual(expect.objectContaining({ do: 'Place', session: 'a.a' }))
    const full = { ...two, tiers: [{ ...bare, workers: { ...bare.workers, max: 2 } }] }
    expect([...minutes(full, rates, 6)].flatMap(({ actions }) => actions)).toEqual([])
    expect(plan(after(full, rates, 6), 360_000).scaling.get('pro')).toMatchObject({
      asked: 3,
      wanted: 2,
      isReliefStuck: true,
    })
  })

  it('keeps a tenant that is alone, as it would be as hot anywhere', () => {
    const alone = world({ tiers: [pro], ...customers({ a: 'pro-1' }), workers: [used('pro-1'), fresh('pro-s')] })
    expect([...minutes(alone, new Map([['a', 500]]), 10)].flatMap(({ actions }) => actions)).toEqual([])
  })

  it('leaves the last spare one to those that lose their worker, where no other can be made', () => {
    const limited = { ...state, tiers: [{ ...pro, workers: { min: 0, max: 3, spare: 1 } }] }
    expect([...minutes(limited, rates, 8)].flatMap(({ actions }) => actions)).toEqual([])
  })
})

describe('a tier that is scaled by hand', () => {
  const manual = { ...pro, workers: { ...pro.workers, replicas: 2 } }
  const state = world({
    tiers: [manual],
    ...customers({ a: 'pro-1', b: 'pro-1', c: 'pro-2' }),
    workers: [used('pro-1'), used('pro-2')],
  })

  it('keeps that number, whatever the demand and the load are', () => {
    const crowd = Array.from({ length: 9 }, (_, i) => `n${i}`)
    const more = {
      tenants: crowd.map((name) => tenant(name, 'pro')),
      sessions: crowd.map((name) => session(`${name}.a`, name)),
    }
    const busy = {
      ...state,
      tenants: [...state.tenants, ...more.tenants],
      sessions: [...state.sessions, ...more.sessions],
    }
    const rates = new Map([
      ['a', 500],
      ['b', 500],
    ])
    for (const { actions } of minutes(busy, rates, 20)) {
      expect(actions.map(({ do: it }) => it)).not.toContain('CreateWorker')
      expect(actions.map(({ do: it }) => it)).not.toContain('DeleteWorker')
    }
  })

  it('scaled down, moves those together that fit, and keeps who does not', () => {
    const one = { ...state, tiers: [{ ...manual, workers: { ...manual.workers, replicas: 1 } }] }
    expect(namesOf(after(one, QUIET, 4))).toEqual(['pro-1'])
    const tight = { ...one, tiers: [{ ...one.tiers[0]!, tenantsPerWorker: 2 }] }
    expect(namesOf(after(tight, QUIET, 4))).toEqual(['pro-1', 'pro-2'])
  })

  it('is automatic again when that is unset', () => {
    const automatic = { ...state, tiers: [pro] }
    expect(plan(automatic, 0).actions).toMatchObject([{ do: 'CreateWorker', why: 'to have an empty one ready' }])
  })
})
