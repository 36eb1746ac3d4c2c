import { describe, expect, it } from 'vitest'
import { plan } from './plan.ts'
import { after, customers, fresh, minutes, namesOf, pro, QUIET, used } from './scaling.testing.ts'
import { on, session, tenant, tier, type World, world } from './world.testing.ts'

describe('spare workers', () => {
  const hosts = ['n1', 'n2']
  const spread = { ...pro, hosts }
  const state = world({
    tiers: [spread],
    ...customers({ a: 'pro-1' }),
    workers: [used('pro-1', { host: 'n1' }), fresh('pro-s', { host: 'n1' })],
  })

  it('on the only host in use are joined by one elsewhere; when that is ready, the one too many goes', () => {
    const [made] = plan(state, 0).actions
    expect(made).toMatchObject({ do: 'CreateWorker', why: 'all spare ones are on one host' })
    const both = { ...state, workers: [...state.workers, fresh('pro-t', { host: 'n2' })] }
    expect(plan(both, 0).actions).toEqual([])
    const settled = after(both, QUIET, 9)
    expect(namesOf(settled)).toEqual(['pro-1', 'pro-t'])
    expect(plan(settled, 600_000)).toMatchObject({ actions: [], surplus: new Set() })
  })

  it('stay one more where Kubernetes finds no other host, and are not made again and again', () => {
    const stuck = { ...state, workers: [...state.workers, fresh('pro-t', { host: 'n1' })] }
    expect([...minutes(stuck, QUIET, 30)].flatMap(({ actions }) => actions)).toEqual([])
  })

  it.each<[string, World]>([
    ['nothing is known of hosts', { ...state, tiers: [pro] }],
    ['there is one host', { ...state, tiers: [{ ...pro, hosts: ['n1'] }] }],
    ['it is away from somebody', { ...state, workers: [used('pro-1', { host: 'n2' }), state.workers[1]!] }],
    ['a worker is in trouble', { ...state, workers: [{ ...state.workers[0]!, phase: 'Unsure' }, state.workers[1]!] }],
    ['nobody is to be protected', { ...state, tenants: [], sessions: [], workers: [state.workers[1]!] }],
  ])('stay as they are when %s', (_, other) => {
    expect(plan(other, 0).actions).toEqual([])
  })

  it('of two, one is to be elsewhere even when customers are on both hosts', () => {
    const two = { ...spread, workers: { ...pro.workers, spare: 2 } }
    const workers = [...state.workers, fresh('pro-t', { host: 'n1' }), used('pro-2', { host: 'n2' })]
    const both = {
      ...state,
      tiers: [two],
      ...customers({ a: 'pro-1', b: 'pro-2', c: 'pro-2', d: 'pro-2', e: 'pro-2' }),
      workers,
    }
    expect(plan(both, 0).actions).toMatchObject([{ do: 'CreateWorker', why: 'all spare ones are on one host' }])
  })
})

describe('who has to move', () => {
  const two = tier('pro', { tenantsPerWorker: 2 })
  const target = (state: World, name = 'a') =>
    plan(state, 0).actions.flatMap((action) => (action.do === 'Assign' && action.tenant === name ? action.worker : []))
  const lost = used('pro-0', { phase: 'Lost', host: 'n1', zone: 'z1' })
  const moving = { tiers: [two], ...customers({ a: 'pro-0' }) }

  it('goes to another host than the one it lost, and another zone rather than that', () => {
    const [same, zone, away] = [
      fresh('pro-1', { host: 'n1', zone: 'z1' }),
      fresh('pro-2', { host: 'n2', zone: 'z1' }),
      fresh('pro-3', { host: 'n3', zone: 'z2' }),
    ]
    expect(target(world({ ...moving, workers: [lost, same, zone] }))).toEqual(['pro-2'])
    expect(target(world({ ...moving, workers: [lost, same, zone, away] }))).toEqual(['pro-3'])
    expect(target(world({ ...moving, workers: [lost, same] }))).toEqual(['pro-1'])
  })

  it('goes where the zone, then the host, has fewest tenants of its tier; but first to the fullest worker', () => {
    const others = customers({ b: 'pro-4', c: 'pro-4', d: 'pro-5', e: 'pro-5' })
    const full = [used('pro-4', { host: 'n1', zone: 'z1' }), used('pro-5', { host: 'n2', zone: 'z1' })]
    const state = {
      tiers: [two],
      tenants: [tenant('a', 'pro'), ...others.tenants],
      sessions: [session('a.a', 'a'), ...others.sessions],
    }
    const at = (host: string, zone: string, name: string) => fresh(name, { host, zone })
    expect(target(world({ ...state, workers: [...full, at('n1', 'z1', 'pro-1'), at('n3', 'z1', 'pro-2')] }))).toEqual([
      'pro-2',
    ])
    expect(target(world({ ...state, workers: [...full, at('n3', 'z1', 'pro-1'), at('n4', 'z2', 'pro-2')] }))).toEqual([
      'pro-2',
    ])
    const fuller = {
      ...state,
      tenants: [...state.tenants, tenant('f', 'pro', { worker: 'pro-1' })],
      sessions: [...state.sessions, session('f.a', 'f', on('pro-1'))],
    }
    expect(
      target(
        world({ ...fuller, workers: [...full, used('pro-1', { host: 'n1', zone: 'z1' }), at('n4', 'z2', 'pro-2')] }),
      ),
    ).toEqual(['pro-1'])
  })
})
