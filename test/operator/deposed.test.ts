/**
 * Operators that believe they lead and don't: paused while another took over, or with a view that is long out of date.
 * Whatever they write late is refused, or is what the true leader wants as well.
 */
import { randomUUID } from 'node:crypto'
import { LeaseKind, SessionKind } from '@berth/core/model/kind.ts'
import type { Placement, WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import { claim, openLease, renewLease } from '@berth/core/postgres/ownership.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { isDeposed, PostgresLead } from '@berth/operator/lead.ts'
import { Mirror } from '@berth/operator/mirror.ts'
import { type LeaseRow, poll } from '@berth/operator/poll.ts'
import { collections, openResources, type Resources } from '@berth/operator/resources.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asOwner } from '../postgres/as-owner.ts'
import { seedSession } from '../postgres/seed.ts'
import { fresh, Installation } from './installation.ts'
import { spawnOperator, writeKubeconfig } from './operator-process.ts'

const log = createLogger('test').child({}, { level: 'silent' })

let berth: Installation
let worker: Pool

beforeAll(async () => {
  berth = await Installation.start()
  worker = openPool({ url: berth.database.url, role: 'berth_worker', application: 'test' })
  await berth.createTier('pro', 'pro')
})
afterAll(async () => {
  await worker?.end()
  await berth?.close()
})

const readLease = async (bootId: string): Promise<LeaseRow> =>
  (await poll(berth.pool, randomUUID())).leases.find((lease) => lease.bootId === bootId)!

const boot = async (): Promise<string> => {
  const bootId = randomUUID()
  await openLease(worker, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
  return bootId
}

describe('a revocation on a view that is out of date', () => {
  test('does nothing to a boot that has renewed since, also by the true leader', async () => {
    const lead = await PostgresLead.take(berth.pool)
    const bootId = await boot()
    const judged = await readLease(bootId)
    await renewLease(worker, bootId)
    expect(await lead.revoke(judged, 'silent')).toBe(false)
    expect(await renewLease(worker, bootId)).toBe(true)
    expect(await lead.revoke(await readLease(bootId), 'silent')).toBe(true)
    expect(await renewLease(worker, bootId)).toBe(false)
  })

  test('is refused when another leads, and can never hit the boot that came after', async () => {
    const deposed = await PostgresLead.take(berth.pool)
    const bootId = await boot()
    const judged = await readLease(bootId)
    await PostgresLead.take(berth.pool)
    await expect(deposed.revoke(judged, 'silent')).rejects.toSatisfy(isDeposed)
    expect((await readLease(bootId)).open).toBe(true)
  })

  test('of a boot that lives is a move and no more: it is fenced before anybody else can claim', async () => {
    const lead = await PostgresLead.take(berth.pool)
    const { sessionId } = await seedSession(berth.pool, { tenant: fresh('t') })
    const [first, second] = [await boot(), await boot()]
    await claim(worker, first, [{ sessionId, generation: 1 }])
    await lead.revoke(await readLease(first), 'a mistake')
    const [taken] = await claim(worker, second, [{ sessionId, generation: 2 }])
    expect(taken?.epoch).toBe(2)
    expect(await claim(worker, first, [{ sessionId, generation: 3 }])).toEqual([])
  })
})

test("a deposed leader's mirror writes nothing: what its successor has written since stands", async () => {
  const tenant = (state: 'Active' | 'Suspended'): Tenant => ({
    metadata: { name: name, uid },
    spec: { tier: 'pro', state } as Tenant['spec'],
  })
  const [name, uid] = [fresh('acme'), randomUUID()]
  const load = async () => Mirror.load(await PostgresLead.take(berth.pool), 'default')
  const deposed = await load()
  await deposed.writeTenants([tenant('Active')])
  const successor = await load()
  await successor.writeTenants([tenant('Suspended')])

  await expect(deposed.writeTenants([tenant('Suspended')])).rejects.toSatisfy(isDeposed)
  await expect(deposed.removeTenant(name)).rejects.toSatisfy(isDeposed)
  const { rows } = await berth.pool.query('SELECT state, deleted_at FROM tenant WHERE name = $1', [name])
  expect(rows).toEqual([{ state: 'Suspended', deleted_at: null }])
})

test('a lead is not taken while a write of the one before is under way', async () => {
  const before = await PostgresLead.take(berth.pool)
  const bootId = await boot()
  const holder = await worker.connect()
  await holder.query('BEGIN')
  await renewLease(holder, bootId) // locks the row that the revocation needs
  const revoking = before.revoke(await readLease(bootId), 'silent')
  const untilWaiting = (count: number) =>
    expect
      .poll(() =>
        asOwner(
          berth.pool,
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
        ),
      )
      .toMatchObject({ rowCount: count })
  await untilWaiting(1)
  const taking = PostgresLead.take(berth.pool)
  await untilWaiting(2)
  await holder.query('COMMIT')
  holder.release()
  expect(await revoking).toBe(false) // it has renewed
  await taking
})

test('a leader that is stopped in the middle of a write holds up its successor for a moment only', async () => {
  await PostgresLead.take(berth.pool)
  const { rows } = await berth.pool.query<{ id: string }>('SELECT id FROM operator_leader')
  const stopped = await berth.pool.connect()
  await stopped.query('BEGIN')
  await stopped.query('SELECT require_leader($1)', [rows[0]!.id])
  // Rejects after the 10 s that a statement may take, were the row locked for as long as transactions may idle else.
  await PostgresLead.take(berth.pool)
  stopped.release(true)
})

describe('two that place the same session', () => {
  let views: Resources[]
  let session: WhatsAppSession

  beforeAll(async () => {
    const name = fresh('placed')
    await berth.createSession(name, 'nobody')
    views = [1, 2].map(() => openResources(berth.cluster.client, log, () => {}))
    for (const resources of views) for (const collection of collections(resources)) collection.start()
    await Promise.all(views.flatMap((resources) => collections(resources).map(({ synced }) => synced)))
    session = views[0]!.sessions.get(name)!
  })
  afterAll(() => Promise.all(views.flatMap((resources) => collections(resources).map((one) => one.stop()))))

  const placed = (worker: string, generation: number) => ({
    id: '00000000-0000-4000-8000-000000000001',
    placement: { worker, podUID: randomUUID(), generation, boundAt: '2026-01-01T00:00:00Z' } satisfies Placement,
  })

  test('on two workers at once: one of them is too late', async () => {
    const answers = await Promise.all([
      views[0]!.sessions.applyStatus(session, placed('one', 1)),
      views[1]!.sessions.applyStatus(session, placed('two', 1)),
    ])
    const written = answers.filter((answer) => answer !== undefined)
    expect(written).toHaveLength(1)
    const stored = await berth.session(session.metadata.name)
    expect(stored?.status?.placement).toEqual(written[0]!.status?.placement)
  })

  test('the one with the old view can take back nothing: neither the place nor the generation', async () => {
    const { name } = session.metadata
    const current = (await berth.session(name))!
    const moved = await views[0]!.sessions.applyStatus(current, placed('three', 2))
    expect(moved?.status?.placement?.worker).toBe('three')
    expect(await views[1]!.sessions.applyStatus(current, placed('four', 2))).toBeUndefined()
    // Even a write that is not conditional: the API's own rule.
    const lower = berth.cluster.client.mergePatch(
      SessionKind,
      name,
      { status: placed('four', 1) },
      { subresource: 'status' },
    )
    await expect(lower).rejects.toMatchObject({ status: 422 })
    expect((await berth.session(name))?.status?.placement?.worker).toBe('three')
  })
})

test('a leader process that is stopped, replaced and woken up changes nothing', async () => {
  const kubeconfig = await writeKubeconfig(berth.cluster.config)
  const env = { KUBECONFIG: kubeconfig.file, DATABASE_URL: berth.database.url, HOST: '127.0.0.1', PORT: '0' }
  const holder = async () =>
    (await berth.cluster.client.get(LeaseKind, 'berth-operator'))?.spec?.holderIdentity?.split('_')[0]
  const sleeper = spawnOperator({ ...env, POD_NAME: 'sleeper', LOG_LEVEL: 'debug' })
  try {
    await berth.until('the sleeper leads', async () => (await holder()) === 'sleeper')
    const [tenant, name] = [fresh('acme'), fresh('support')]
    await berth.createTenant(tenant, 'pro')
    await berth.createSession(name, tenant)
    const first = (await berth.untilConnected(name)).status!.placement!
    await berth.untilReady('pro', 2)

    sleeper.signal('SIGSTOP')
    const successor = berth.startOperator('successor')
    await berth.until('the successor leads', async () => successor.operator.isLeader)
    // What the sleeper would do differently, by what it knows: the worker is fine, the tenant active, the boot old.
    await berth.node.crash(first.worker, { terminated: { exitCode: 137 } })
    const moved = await berth.untilConnected(name, (worker) => worker !== first.worker)

    sleeper.signal('SIGCONT')
    await berth.until('the sleeper knows', async () => sleeper.output().includes('stopped leading'))
    const { rows: turns } = await berth.pool.query<{ beats: number }>(
      'SELECT sum(beats)::int AS beats FROM operator_canary',
    )
    await berth.until('both have looked again', async () => {
      const { rows } = await berth.pool.query<{ beats: number }>('SELECT sum(beats)::int AS beats FROM operator_canary')
      return rows[0]!.beats > turns[0]!.beats + 8
    })
    expect(successor.operator.isLeader).toBe(true)
    expect((await berth.session(name))?.status?.placement).toEqual(moved.status?.placement)
    expect((await berth.lease(moved.status!.placement!.podUID)).at(-1)).toMatchObject({ revoked: false, ended: false })
  } finally {
    await sleeper.kill('SIGKILL')
    await kubeconfig.remove()
  }
})
