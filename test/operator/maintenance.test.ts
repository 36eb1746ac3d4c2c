/** What people do with kubectl while sessions run: cordon, drain and uncordon workers, evict pods, scale by hand. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import { objectPath } from '@berth/core/kube/path.ts'
import { BudgetKind, PodKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fresh, Installation, PATIENCE } from './installation.ts'

let berth: Installation

beforeAll(async () => {
  berth = await Installation.start()
  berth.startOperator()
})
afterAll(() => berth?.close())

/** A tier of its own, with so many workers at least. */
async function createTier(min: number, change: (spec: Tier['spec']) => void = () => {}): Promise<string> {
  const tier = fresh('tier')
  await berth.createTier(tier, 'pro', (spec) => {
    Object.assign(spec.workers, { min, spare: 0 })
    change(spec)
  })
  await berth.untilReady(tier, min)
  return tier
}

/** Answers the worker of its session. */
async function newCustomer(tier: string): Promise<{ session: string; worker: string }> {
  const tenant = fresh('acme')
  await berth.createTenant(tenant, tier)
  await berth.createSession(`${tenant}.a`, tenant)
  const { placement } = (await berth.untilConnected(`${tenant}.a`)).status!
  return { session: `${tenant}.a`, worker: placement!.worker }
}

const setState = (worker: string, desiredState: string) =>
  berth.cluster.client.mergePatch(WorkerKind, worker, { spec: { desiredState } })

const untilWorkerSays = (worker: string, reason: string) =>
  berth.until(`${worker} with reason ${reason}`, async () => {
    return getCondition((await berth.worker(worker))?.status?.conditions, 'Ready')?.reason === reason
  })

test.concurrent(
  'a cordoned worker keeps whom it has and takes nobody; uncordoned it takes again',
  PATIENCE,
  async () => {
    const tier = await createTier(2)
    const first = await newCustomer(tier)
    await setState(first.worker, 'Cordoned')
    await untilWorkerSays(first.worker, 'Cordoned')
    const second = await newCustomer(tier)
    expect(second.worker).not.toBe(first.worker)
    expect((await berth.session(first.session))?.status?.placement?.worker).toBe(first.worker)

    await setState(first.worker, 'Active')
    await setState(second.worker, 'Cordoned')
    await untilWorkerSays(second.worker, 'Cordoned')
    expect((await newCustomer(tier)).worker).toBe(first.worker)
  },
)

test.concurrent('a drained worker gives its sessions away and may be used again', PATIENCE, async () => {
  const tier = await createTier(2)
  const { session, worker } = await newCustomer(tier)
  await setState(worker, 'Drained')
  const moved = await berth.untilConnected(session, (name) => name !== worker)
  await untilWorkerSays(worker, 'Drained')
  await setState(worker, 'Active')
  await untilWorkerSays(worker, 'Ready')
  expect((await berth.session(session))?.status?.placement).toEqual(moved.status?.placement)
  await setState(moved.status!.placement!.worker, 'Drained')
  await berth.untilConnected(session, (name) => name === worker)
})

const budget = async (tier: string) =>
  (await berth.cluster.client.get(BudgetKind, `berth-workers-${tier}`))?.spec.minAvailable

test.concurrent('evictions may take one worker of a tier at a time, however many there are', PATIENCE, async () => {
  const tier = await createTier(3)
  await berth.until('a budget for three', async () => (await budget(tier)) === 2)
  await berth.cluster.client.mergePatch(TierKind, tier, { spec: { workers: { min: 1 } } })
  await berth.until('a budget for one', async () => (await budget(tier)) === 0)
  await berth.cluster.client.delete(TierKind, tier)
  await berth.until('no budget any more', async () => (await budget(tier)) === undefined)
})

/** The embedded API knows no evictions, and nobody counts pods for it. */
if (process.env.BERTH_TEST_KUBECONFIG) {
  test.concurrent(
    'a node is drained worker by worker: the next one goes when another is ready in place of the one before',
    PATIENCE,
    async () => {
      const tier = await createTier(3)
      const { session, worker } = await newCustomer(tier)
      const others = (await berth.workers(tier)).map(({ metadata }) => metadata.name).filter((name) => name !== worker)
      const { client } = berth.cluster
      const evict = async (name: string): Promise<boolean> => {
        const path = `${objectPath(PodKind, client.namespace, name)}/eviction`
        const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } }
        try {
          await client.request('POST', path, { body })
          return true
        } catch (error) {
          if ((error as { status?: number }).status !== 429) throw error
          return false
        }
      }
      await berth.until('the first one evicted', () => evict(worker))
      expect(await evict(others[0]!)).toBe(false)
      await berth.untilConnected(session, (name) => name !== worker)
      for (const name of others) {
        await berth.until(`${name} evicted`, () => evict(name), { everyMs: 500 })
        expect((await berth.workers(tier)).filter(isReady).length).toBeGreaterThanOrEqual(2)
      }
      await berth.untilConnected(session, (name) => name !== worker && !others.includes(name))
    },
  )
}

const isReady = (worker: Awaited<ReturnType<Installation['workers']>>[number]): boolean =>
  getCondition(worker.status?.conditions, 'Ready')?.status === 'True'

test.concurrent(
  'scaled by hand: a Helm release that does not name replicas leaves them, and the tier says how to go back',
  PATIENCE,
  async () => {
    const tier = await createTier(1)
    const { client } = berth.cluster
    const { spec } = (await client.get(TierKind, tier))!
    const release = { metadata: { name: tier }, spec }
    await client.apply(TierKind, release, { manager: 'helm', force: true })
    const scaling = async () => getCondition((await client.get(TierKind, tier))?.status?.conditions, 'ScalingActive')
    await client.mergePatch(TierKind, tier, { spec: { replicas: 2 } }, { subresource: 'scale', manager: 'kubectl' })
    await berth.until('two workers by hand', async () => {
      return (await scaling())?.reason === 'Manual' && (await berth.workers(tier)).length === 2
    })
    await client.apply(TierKind, release, { manager: 'helm', force: true })
    expect((await client.get(TierKind, tier))?.spec.workers.replicas).toBe(2)
    const command = /-p '(.+)'/.exec((await scaling())!.message)![1]!
    await client.mergePatch(TierKind, tier, JSON.parse(command))
    await berth.until('automatic again', async () => (await scaling())?.status === 'True')
  },
)
