/** The operator places sessions and makes workers, on a real API server and database. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import { PodKind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import { renewLeaseWithLoad, type WorkerLoad } from '@berth/core/postgres/load.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Installation } from './installation.ts'

let berth: Installation

beforeAll(async () => {
  berth = await Installation.start()
  berth.startOperator()
})
afterAll(() => berth?.close())

test('a session is placed, claimed and connected, in whatever order its resources come', async () => {
  await berth.createSession('support', 'acme')
  await berth.untilReason('support', 'TenantNotFound')
  await berth.createTenant('acme', 'pro')
  await berth.untilReason('support', 'TierNotFound')
  await berth.createTier('pro', 'pro')
  const session = await berth.untilConnected('support')

  const { placement, id } = session.status!
  const tenant = await berth.until('the tenant connected', async () => {
    const found = await berth.tenant('acme')
    return found?.status?.sessions?.connected === 1 && found
  })
  expect(tenant.status).toMatchObject({ worker: placement!.worker, sessions: { desired: 1, connected: 1, limit: 5 } })
  expect(placement!.generation).toBe(1)
  expect(await berth.sessionRow(id!)).toEqual({ deleted: false })

  const pod = await berth.cluster.client.get(PodKind, placement!.worker)
  expect(pod?.metadata.labels).toMatchObject({ 'berth.dev/tier': 'pro', 'berth.dev/worker': placement!.worker })
  expect(pod?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Worker', name: placement!.worker })
  const worker = await berth.until('the worker counts it', async () => {
    const found = await berth.worker(placement!.worker)
    return found?.status?.sessions?.connected === 1 && found
  })
  expect(worker.status).toMatchObject({ podUID: placement!.podUID, tenants: 1, capacity: { tenants: 10 } })
  const events = await berth.until('the event', async () => {
    const found = await berth.events('support')
    return found.some(({ reason }) => reason === 'Placed') && found
  })
  expect(events.find(({ reason }) => reason === 'Placed')?.message).toContain(placement!.worker)
})

test("a tenant's sessions sit together, up to its quota", async () => {
  await berth.createTier('duo', 'pro', (spec) => {
    spec.limits.sessionsPerTenant = 2
  })
  await berth.createTenant('many', 'duo')
  await berth.createSession('many.one', 'many')
  const one = await berth.untilConnected('many.one')
  await berth.createSession('many.two', 'many')
  const two = await berth.untilConnected('many.two')
  expect(two.status?.placement?.worker).toBe(one.status?.placement?.worker)

  await berth.createSession('many.three', 'many')
  const three = await berth.untilReason('many.three', 'QuotaExceeded')
  expect(three.status?.placement).toBeUndefined()
  expect(getCondition(three.status?.conditions, 'Ready')?.message).toContain('allows 2 sessions')

  const obstacle = async () =>
    (await berth.pool.query('SELECT obstacle FROM session WHERE id = $1', [three.status?.id])).rows[0].obstacle
  expect(await obstacle()).toBe('QuotaExceeded')

  await berth.cluster.client.mergePatch(SessionKind, 'many.one', { spec: { desiredState: 'Stopped' } })
  await berth.untilConnected('many.three')
  expect(await obstacle()).toBeNull()
  expect((await berth.untilReason('many.one', 'Stopped')).status?.placement).toBeUndefined()
})

test('two resources that mean the same name: the later one waits', async () => {
  await berth.createTier('named', 'pro')
  await berth.createTenant('twin', 'named')
  await berth.createSession('twin.support', 'twin')
  await berth.untilConnected('twin.support')
  // The very same session name, under the bare resource name.
  await berth.createTenant('other', 'named')
  await berth.createSession('sales', 'twin')
  await berth.createSession('twin.sales', 'twin')
  await berth.untilConnected('sales')
  const waiting = await berth.untilReason('twin.sales', 'NameTaken')
  expect(waiting.status?.placement).toBeUndefined()
})

test("a dedicated worker is one tenant's, and goes when the tenant has left", async () => {
  await berth.createTier('vip', 'max')
  await berth.createTenant('rich', 'vip')
  await berth.createTenant('richer', 'vip')
  await berth.createSession('rich.a', 'rich')
  await berth.createSession('richer.a', 'richer')
  const rich = await berth.untilConnected('rich.a')
  const richer = await berth.untilConnected('richer.a')
  const name = rich.status!.placement!.worker
  expect(richer.status!.placement!.worker).not.toBe(name)
  expect((await berth.worker(name))?.spec.tenant).toBe('rich')

  await berth.cluster.client.mergePatch(TenantKind, 'rich', { spec: { state: 'Suspended' } })
  await berth.untilReason('rich.a', 'Suspended')
  await berth.until('the worker is gone', async () => !(await berth.worker(name)))

  await berth.cluster.client.mergePatch(TenantKind, 'rich', { spec: { state: 'Active' } })
  const again = await berth.untilConnected('rich.a')
  expect(again.status!.placement!.worker).not.toBe(name)
  expect(again.status!.placement!.generation).toBeGreaterThan(rich.status!.placement!.generation)
})

test('a tier change moves the tenant', async () => {
  await berth.createTier('small', 'basic')
  await berth.createTier('large', 'pro')
  await berth.untilReady('large', 1)
  await berth.createTenant('grows', 'small')
  await berth.createSession('grows.a', 'grows')
  const before = await berth.untilConnected('grows.a')
  await berth.cluster.client.mergePatch(TenantKind, 'grows', { spec: { tier: 'large' } })
  const after = await berth.untilConnected('grows.a', (worker) => worker.startsWith('large-'))
  expect(after.status!.placement!.generation).toBe(before.status!.placement!.generation + 1)
})

test('a tier scaled by hand has so many workers', async () => {
  await berth.createTier('manual', 'pro', (spec) => {
    spec.workers.replicas = 3
  })
  await berth.untilReady('manual', 3)
  await berth.cluster.client.mergePatch(TierKind, 'manual', { spec: { workers: { replicas: 1 } } })
  await berth.until('one worker is left', async () => (await berth.workers('manual')).length === 1)
})

test('no capacity is said, with what to do, and ends when there is some', async () => {
  await berth.createTier('tight', 'pro', (spec) => {
    spec.workers.max = 1
    spec.placement.tenantsPerWorker = 1
  })
  await berth.createTenant('first', 'tight')
  await berth.createTenant('second', 'tight')
  await berth.createSession('first.a', 'first')
  await berth.untilConnected('first.a')
  await berth.createSession('second.a', 'second')
  const waiting = await berth.untilReason('second.a', 'NoCapacity')
  expect(getCondition(waiting.status?.conditions, 'Ready')?.message).toContain('raise spec.workers.max')
  await berth.cluster.client.mergePatch(TierKind, 'tight', { spec: { workers: { max: 2 } } })
  await berth.untilConnected('second.a')
  expect((await berth.cluster.client.list(WorkerKind)).items.length).toBeGreaterThan(1)
})

test('a worker over its target says so, and takes nobody new', async () => {
  await berth.createTier('hot', 'pro')
  await berth.createTenant('writer', 'hot')
  await berth.createSession('writer.line', 'writer')
  const { placement } = (await berth.untilConnected('writer.line')).status!
  await saysLoad(placement!.podUID, { messagesPerSecond: 20_000, loopLagMs: 5, memoryPercent: 30 })
  const busy = await berth.until('the worker is busy', async () => {
    const found = await berth.worker(placement!.worker)
    return getCondition(found?.status?.conditions, 'Ready')?.reason === 'Busy' && found
  })
  expect(busy.status?.load?.percentOfTarget).toBeGreaterThanOrEqual(100)

  await berth.createTenant('reader', 'hot')
  await berth.createSession('reader.line', 'reader')
  const reader = await berth.untilConnected('reader.line')
  expect(reader.status?.placement?.worker).not.toBe(placement!.worker)
})

test('a tier whose tenants fit on fewer workers drains the emptiest', async () => {
  await berth.createTier('shrinking', 'pro', (spec) => {
    spec.placement.tenantsPerWorker = 2
    spec.workers.spare = 0
    spec.scaleDown.stabilizationSeconds = 1
  })
  const names = ['one', 'two', 'three']
  for (const name of names) {
    await berth.createTenant(name, 'shrinking')
    await berth.createSession(`${name}.line`, name)
    await berth.untilConnected(`${name}.line`)
  }
  expect(await berth.workers('shrinking')).toHaveLength(2)
  await berth.cluster.client.mergePatch(SessionKind, 'one.line', { spec: { desiredState: 'Stopped' } })
  const [last] = await berth.until('one worker is left', async () => {
    const left = await berth.workers('shrinking')
    return left.length === 1 && left
  })
  for (const name of names.slice(1)) {
    const { status } = await berth.untilConnected(`${name}.line`)
    expect(status?.placement?.worker).toBe(last!.metadata.name)
  }
  const tier = await berth.until('the tier says so', async () => {
    const found = await berth.cluster.client.get(TierKind, 'shrinking')
    return found?.status?.wantedWorkers === 1 && found
  })
  expect(getCondition(tier.status?.conditions, 'ScalingActive')).toMatchObject({ status: 'True', reason: 'Automatic' })
})

/** As the worker's process does with its lease. */
async function saysLoad(podUid: string, load: WorkerLoad): Promise<void> {
  const { rows } = await berth.pool.query<{ bootId: string }>(
    'SELECT boot_id AS "bootId" FROM worker_lease WHERE pod_uid = $1',
    [podUid],
  )
  const worker = openPool({ url: berth.database.url, role: 'berth_worker', application: 'test-worker' })
  expect(await renewLeaseWithLoad(worker, rows[0]!.bootId, load)).toBe(true)
  await worker.end()
}
