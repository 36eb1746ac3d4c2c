import { describe, expect, it } from 'vitest'
import { plan } from './plan.ts'
import { on, session, tenant, tier, worker, world } from './world.testing.ts'

const pro = tier('pro')
const max = tier('max', { price: 99, dedicated: true, tenantsPerWorker: 1 })
const dones = (actions: { do: string }[]) => actions.map((action) => action.do)

describe('placing', () => {
  it('takes a worker into use, writes the target, then places the session', () => {
    const { actions } = plan(
      world({
        tiers: [pro],
        tenants: [tenant('acme', 'pro')],
        sessions: [session('support', 'acme')],
        workers: [worker('pro-a', 'pro')],
      }),
      0,
    )
    expect(actions).toEqual([
      { do: 'Occupy', worker: 'pro-a' },
      { do: 'Assign', tenant: 'acme', worker: 'pro-a' },
      {
        do: 'Place',
        session: 'support',
        tenant: 'acme',
        placement: { worker: 'pro-a', podUID: 'pod-of-pro-a', generation: 1 },
        why: 'it had no place',
      },
    ])
  })

  it('fills the fullest worker first', () => {
    const { actions } = plan(
      world({
        tiers: [pro],
        tenants: [tenant('acme', 'pro'), tenant('other', 'pro', { worker: 'pro-b' })],
        sessions: [session('support', 'acme'), session('sales', 'other', on('pro-b'))],
        workers: [worker('pro-a', 'pro', { used: true }), worker('pro-b', 'pro', { used: true })],
      }),
      0,
    )
    expect(actions[0]).toEqual({ do: 'Assign', tenant: 'acme', worker: 'pro-b' })
  })

  it('does nothing for what works', () => {
    const { actions } = plan(
      world({
        tiers: [pro],
        tenants: [tenant('acme', 'pro', { worker: 'pro-a' })],
        sessions: [session('support', 'acme', on('pro-a'))],
        workers: [worker('pro-a', 'pro', { used: true })],
      }),
      0,
    )
    expect(actions).toEqual([])
  })

  it('gives a dedicated tenant a worker that never held a session', () => {
    const { actions } = plan(
      world({
        tiers: [max],
        tenants: [tenant('acme', 'max')],
        sessions: [session('support', 'acme')],
        workers: [worker('max-a', 'max', { used: true, tenant: 'left' }), worker('max-b', 'max')],
      }),
      0,
    )
    expect(actions[0]).toEqual({ do: 'Occupy', worker: 'max-b', tenant: 'acme' })
    expect(actions.at(-1)).toMatchObject({ do: 'DeleteWorker', worker: 'max-a' })
  })

  it('leaves a dedicated tenant where it runs, although a restored API server has forgotten whose the worker is', () => {
    const { actions } = plan(
      world({
        tiers: [max],
        tenants: [tenant('acme', 'max', { worker: 'max-before' })],
        sessions: [session('support', 'acme', on('max-a'))],
        workers: [worker('max-a', 'max', { phase: 'Unsure' }), worker('max-b', 'max')],
      }),
      0,
    )
    expect(actions.slice(0, 2)).toEqual([
      { do: 'Occupy', worker: 'max-a', tenant: 'acme' },
      { do: 'Assign', tenant: 'acme', worker: 'max-a' },
    ])
    expect(dones(actions)).not.toContain('Place')
  })

  it('gives a dedicated tenant the worker that an operator had taken for it before it died', () => {
    const { actions } = plan(
      world({
        tiers: [max],
        tenants: [tenant('acme', 'max', { worker: 'max-a' })],
        sessions: [session('support', 'acme', on('max-a'))],
        workers: [
          worker('max-a', 'max', { used: true, tenant: 'acme', phase: 'Leaving' }),
          worker('max-b', 'max', { used: true, tenant: 'acme' }),
          worker('max-c', 'max'),
        ],
      }),
      0,
    )
    expect(actions[0]).toEqual({ do: 'Assign', tenant: 'acme', worker: 'max-b' })
    expect(dones(actions)).not.toContain('DeleteWorker')
  })

  it('makes a worker when none is free, and says so', () => {
    const { actions, reasons } = plan(
      world({ tiers: [pro], tenants: [tenant('acme', 'pro')], sessions: [session('support', 'acme')] }),
      0,
    )
    expect(actions).toMatchObject([{ do: 'CreateWorker', tier: 'pro' }])
    expect(reasons.get('support')?.reason).toBe('NoCapacity')
  })

  it('says what to do when the tier is at its limit', () => {
    const full = tier('pro', { tenantsPerWorker: 1, workers: { min: 0, max: 1, spare: 1 } })
    const { actions, reasons } = plan(
      world({
        tiers: [full],
        tenants: [tenant('acme', 'pro', { worker: 'pro-a' }), tenant('late', 'pro')],
        sessions: [session('support', 'acme', on('pro-a')), session('sales', 'late')],
        workers: [worker('pro-a', 'pro', { used: true })],
      }),
      0,
    )
    expect(actions).toEqual([])
    expect(reasons.get('sales')?.message).toContain('raise spec.workers.max')
  })
})

describe('slots', () => {
  const single = tier('pro', { tenantsPerWorker: 1, workers: { min: 0, max: 1, spare: 0 } })
  const one = [worker('pro-a', 'pro', { used: true })]

  it('are taken as long as a boot holds a session, wherever it is placed', () => {
    const { actions, reasons } = plan(
      world({
        tiers: [single],
        tenants: [tenant('acme', 'pro'), tenant('stopped', 'pro')],
        sessions: [session('a', 'acme'), session('b', 'stopped', { running: false, owner: on('pro-a').owner })],
        workers: one,
      }),
      0,
    )
    expect(actions).toEqual([])
    expect(reasons.get('a')?.reason).toBe('NoCapacity')
  })

  it('are given back by a tenant with nothing to run', () => {
    const { actions } = plan(
      world({
        tiers: [single],
        tenants: [tenant('acme', 'pro'), tenant('idle', 'pro', { worker: 'pro-a' })],
        sessions: [session('a', 'acme')],
        workers: one,
      }),
      0,
    )
    expect(actions).toContainEqual({ do: 'Assign', tenant: 'acme', worker: 'pro-a' })
    expect(actions).toContainEqual({ do: 'Assign', tenant: 'idle' })
  })

  it('never include a dedicated worker that was used, whoever used it', () => {
    const { actions } = plan(
      world({
        tiers: [max],
        tenants: [tenant('acme', 'max')],
        sessions: [session('a', 'acme')],
        workers: [worker('max-a', 'max', { used: true })],
      }),
      0,
    )
    expect(dones(actions)).not.toContain('Place')
  })

  it('are not taken where the sessions would be too many', () => {
    const small = tier('pro', { sessionsPerWorker: 2 })
    const parts = {
      tiers: [small],
      tenants: [tenant('acme', 'pro', { worker: 'pro-a' }), tenant('other', 'pro')],
      workers: [...one, worker('pro-b', 'pro', { used: true })],
    }
    const held = session('a', 'acme', on('pro-a'))
    const elsewhere = plan(world({ ...parts, sessions: [held, session('b', 'other'), session('c', 'other')] }), 0)
    expect(elsewhere.actions).toContainEqual({ do: 'Assign', tenant: 'other', worker: 'pro-b' })
    const full = plan(world({ ...parts, sessions: [held, session('b', 'acme'), session('c', 'acme')] }), 0)
    expect(full.actions.filter((action) => action.do === 'Place')).toHaveLength(1)
    expect(full.reasons.get('c')?.message).toContain('holds 2 sessions, its limit')
  })
})

describe('refusing', () => {
  const parts = {
    tiers: [tier('basic', { sessionsPerTenant: 1 })],
    workers: [worker('basic-a', 'basic', { used: true })],
  }
  const reasonsOf = (more: Parameters<typeof world>[0]) => plan(world({ ...parts, ...more }), 0)

  it('names a tenant or tier that is not there', () => {
    const { reasons } = reasonsOf({
      tenants: [tenant('lost', 'gold')],
      sessions: [session('a', 'nobody'), session('b', 'lost')],
    })
    expect(reasons.get('a')?.reason).toBe('TenantNotFound')
    expect(reasons.get('b')?.reason).toBe('TierNotFound')
  })

  it('leaves a placed session where it is when the tier of its tenant was mistyped', () => {
    const { actions } = reasonsOf({
      tenants: [tenant('acme', 'bsaic', { worker: 'basic-a' })],
      sessions: [session('a', 'acme', on('basic-a'))],
    })
    expect(actions).toEqual([])
  })

  it('lets the linked session keep its place when there are too many', () => {
    const { actions, reasons } = reasonsOf({
      tenants: [tenant('acme', 'basic', { worker: 'basic-a' })],
      sessions: [
        session('first', 'acme', { createdAt: '2025', ...on('basic-a') }),
        session('linked', 'acme', { createdAt: '2026', linked: true, ...on('basic-a') }),
      ],
    })
    expect(actions).toEqual([{ do: 'Unplace', session: 'first', from: 'basic-a', why: 'QuotaExceeded' }])
    expect(reasons.get('first')?.message).toContain('allows 1 sessions')
  })

  it('takes the places of a suspended tenant and of stopped and leaving sessions', () => {
    const { actions } = reasonsOf({
      tenants: [tenant('acme', 'basic', { worker: 'basic-a', suspended: true }), tenant('other', 'basic')],
      sessions: [
        session('a', 'acme', on('basic-a')),
        session('b', 'other', { ...on('basic-a'), running: false }),
        session('c', 'other', { ...on('basic-a'), leaving: true }),
      ],
    })
    expect(actions.map((action) => ('why' in action ? action.why : action.do))).toEqual([
      'Suspended',
      'Stopped',
      'Deleting',
      'Assign',
    ])
  })
})

describe('moving', () => {
  const two = [worker('pro-a', 'pro', { used: true }), worker('pro-b', 'pro')]
  const acme = { tenants: [tenant('acme', 'pro', { worker: 'pro-a' })], tiers: [pro] }

  it('raises the generation above resource and database', () => {
    const { actions } = plan(
      world({
        ...acme,
        sessions: [
          session('a', 'acme', { ...on('pro-a', 4), owner: { generation: 9, podUID: 'pod-of-pro-a' } }),
          session('b', 'acme', on('pro-a', 7)),
        ],
        workers: [{ ...two[0]!, phase: 'Lost' }, two[1]!],
      }),
      0,
    )
    const places = actions.filter((action) => action.do === 'Place')
    expect(places.map(({ placement }) => placement.generation)).toEqual([10, 8])
    expect(places[0]).toMatchObject({ from: 'pro-a', why: 'its worker died or fell silent' })
  })

  it.each([
    ['its pod is being deleted', { phase: 'Leaving' }],
    ['it is drained', { desiredState: 'Drained' }],
    ['it is deleted', { deleting: true }],
  ] as const)('leaves a worker when %s', (_, change) => {
    const { actions } = plan(
      world({ ...acme, sessions: [session('a', 'acme', on('pro-a'))], workers: [{ ...two[0]!, ...change }, two[1]!] }),
      0,
    )
    expect(dones(actions)).toEqual(['Occupy', 'Assign', 'Place'])
  })

  it.each([
    ['it is cordoned', { desiredState: 'Cordoned' }],
    ['nothing is proved', { phase: 'Unsure' }],
  ] as const)('stays when %s', (_, change) => {
    const { actions } = plan(
      world({ ...acme, sessions: [session('a', 'acme', on('pro-a'))], workers: [{ ...two[0]!, ...change }, two[1]!] }),
      0,
    )
    expect(actions.filter((action) => action.do !== 'DeleteWorker')).toEqual([])
  })

  it('serves those first that lost their worker, then the dearest tier', () => {
    const single = { tenantsPerWorker: 1, workers: { min: 0, max: 1, spare: 0 } }
    const { actions } = plan(
      world({
        tiers: [tier('pro', single)],
        tenants: [tenant('failed', 'pro', { worker: 'gone' }), tenant('fresh', 'pro')],
        sessions: [session('a', 'fresh', { createdAt: '2020' }), session('b', 'failed', on('gone'))],
        workers: [worker('pro-a', 'pro')],
      }),
      0,
    )
    expect(actions).toContainEqual({ do: 'Assign', tenant: 'failed', worker: 'pro-a' })
  })

  it('gives a placement a new number that another pod has overtaken', () => {
    const { actions } = plan(
      world({
        ...acme,
        sessions: [session('a', 'acme', { ...on('pro-a', 5), owner: { generation: 5, podUID: 'other' } })],
        workers: [two[0]!],
      }),
      0,
    )
    expect(actions).toMatchObject([{ do: 'Place', placement: { worker: 'pro-a', generation: 6 } }])
  })
})

describe('workers', () => {
  const sparing = tier('pro', { workers: { min: 0, max: 5, spare: 2 } })

  it('keeps empty ones ready', () => {
    const { actions } = plan(world({ tiers: [sparing], workers: [worker('pro-a', 'pro')] }), 0)
    expect(dones(actions)).toEqual(['CreateWorker'])
  })

  it('removes surplus ones only after the time of the tier', () => {
    const workers = ['a', 'b', 'c'].map((x) => worker(`pro-${x}`, 'pro'))
    const first = plan(world({ tiers: [sparing], workers }), 1_000)
    expect(first.actions).toEqual([])
    expect([...first.surplus]).toEqual(['pro-c'])
    const later = workers.map((w) => (w.name === 'pro-c' ? { ...w, surplusSince: 1_000 } : w))
    expect(plan(world({ tiers: [sparing], workers: later }), 300_999).actions).toEqual([])
    expect(plan(world({ tiers: [sparing], workers: later }), 301_000).actions).toMatchObject([
      { do: 'DeleteWorker', worker: 'pro-c' },
    ])
  })

  it('starts ten workers of a tier at a time, however many are wanted', () => {
    const huge = tier('pro', { workers: { min: 0, max: 1000, spare: 0, replicas: 999 } })
    const made = (workers: ReturnType<typeof worker>[]) =>
      plan(world({ tiers: [huge], workers }), 0).actions.filter((action) => action.do === 'CreateWorker')
    expect(made([])).toHaveLength(10)
    expect(made([])[0]).toMatchObject({ why: 'the tier is scaled by hand to 999' })
    const some = Array.from({ length: 7 }, (_, i) => worker(`pro-${i}`, 'pro', { phase: i < 4 ? 'Starting' : 'Ready' }))
    expect(made(some)).toHaveLength(6)
  })

  it('follows replicas when scaled by hand', () => {
    const manual = tier('pro', { workers: { min: 0, max: 5, spare: 2, replicas: 1 } })
    expect(dones(plan(world({ tiers: [manual] }), 0).actions)).toEqual(['CreateWorker'])
    const two = [worker('pro-a', 'pro'), worker('pro-b', 'pro')]
    expect(plan(world({ tiers: [manual], workers: two }), 0).actions).toMatchObject([
      { do: 'DeleteWorker', worker: 'pro-b' },
    ])
  })

  it('replaces one that has lost its pod', () => {
    const { actions } = plan(world({ tiers: [sparing], workers: [worker('pro-a', 'pro', { phase: 'Gone' })] }), 0)
    expect(dones(actions)).toEqual(['CreateWorker', 'CreateWorker', 'DeleteWorker'])
  })

  it('removes one that was shared and its tier has become dedicated', () => {
    const shared = worker('max-a', 'max', { used: true })
    const { actions } = plan(world({ tiers: [max], workers: [shared] }), 0)
    const why = 'it was shared, and its tier is dedicated now'
    expect(actions).toContainEqual({ do: 'DeleteWorker', worker: 'max-a', tier: 'max', why })
  })

  it('removes one whose pod does not go, as on a lost node, when nobody is on it any more', () => {
    const stuck = worker('pro-a', 'pro', { phase: 'Leaving', used: true })
    const state = { tiers: [tier('pro')], workers: [stuck] }
    expect(plan(world(state), 59_999).actions).toEqual([])
    expect(plan(world(state), 60_000).actions).toMatchObject([{ do: 'DeleteWorker', worker: 'pro-a' }])
    const taken = { ...state, tenants: [tenant('acme', 'pro')], sessions: [session('a', 'acme', on('pro-a'))] }
    expect(dones(plan(world(taken), 60_000).actions)).toEqual(['CreateWorker'])
  })

  it('says why one does not start, where sessions wait for it', () => {
    const trouble = 'Unschedulable: 0/2 nodes are available'
    const starting = worker('pro-a', 'pro', { phase: 'Starting', trouble })
    const waiting = { tiers: [tier('pro')], tenants: [tenant('acme', 'pro')], sessions: [session('a', 'acme')] }
    expect(plan(world({ ...waiting, workers: [starting] }), 0).reasons.get('a')?.message).toContain(
      'Worker pro-a does not start: Unschedulable: 0/2 nodes are available.',
    )
  })

  it('makes no more of those that break', () => {
    const broken = ['a', 'b', 'c'].map((x) => worker(`pro-${x}`, 'pro', { phase: 'Lost' }))
    expect(plan(world({ tiers: [sparing], workers: broken }), 1_000).actions).toEqual([])
  })
})
