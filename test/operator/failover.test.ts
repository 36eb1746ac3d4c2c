/** Sessions leave a worker that dies, falls silent or has to go; the generation rises and the dead boot is revoked. */
import { PodKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { Placement } from '@berth/core/model/session.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fresh, Installation } from './installation.ts'

let berth: Installation
let tenant: string
let session: string
/** Where the session is before the fault. */
let before: Placement

beforeAll(async () => {
  berth = await Installation.start()
  berth.startOperator()
  await berth.createTier('pro', 'pro')
})
afterAll(() => berth?.close())

beforeEach(async () => {
  tenant = fresh('acme')
  session = `${tenant}.support`
  await berth.createTenant(tenant, 'pro')
  await berth.createSession(session, tenant)
  before = (await berth.untilConnected(session)).status!.placement!
  // One worker with the session, and the spare one.
  await berth.untilReady('pro', 2)
})

const untilElsewhere = async (): Promise<Placement> => {
  const moved = await berth.untilConnected(session, (worker) => worker !== before.worker)
  expect(moved.status!.placement!.generation).toBeGreaterThan(before.generation)
  expect((await berth.tenant(tenant))?.status?.worker).toBe(moved.status!.placement!.worker)
  return moved.status!.placement!
}
const untilGone = (worker: string) => berth.until(`worker ${worker} gone`, async () => !(await berth.worker(worker)))
const epoch = async (): Promise<number> => {
  const { rows } = await berth.pool.query<{ epoch: number }>(
    `SELECT o.epoch FROM session_owner o JOIN session s ON s.id = o.session_id WHERE s.resource_name = $1`,
    [session],
  )
  return rows[0]!.epoch
}

test('a container that comes back at once re-claims its own sessions', async () => {
  const claimed = await epoch()
  await berth.node.crash(before.worker, { terminated: { exitCode: 137 } })
  await berth.node.restart(before.worker)
  await berth.until('the new claim', async () => (await epoch()) > claimed)
  const after = await berth.untilConnected(session)
  expect(after.status!.placement).toEqual(before)
})

test('a container that stays down is dead after two seconds', async () => {
  const at = performance.now()
  await berth.node.crash(before.worker, { terminated: { exitCode: 137 } })
  await untilElsewhere()
  expect(performance.now() - at).toBeGreaterThan(2_000)
  expect((await berth.lease(before.podUID)).at(-1)).toMatchObject({ revoked: true, reason: 'the container has ended' })
})

test('a crash loop is proof of death', async () => {
  await berth.node.crash(before.worker, { waiting: { reason: 'CrashLoopBackOff' } })
  await untilElsewhere()
  expect((await berth.lease(before.podUID)).at(-1)).toMatchObject({
    revoked: true,
    reason: 'the container crash-loops',
  })
})

test('a worker that falls silent is only suspected: its lease decides', async () => {
  const at = performance.now()
  berth.node.worker(before.worker).fallSilent()
  await untilElsewhere()
  expect(performance.now() - at).toBeGreaterThan(4_500)
  const lease = (await berth.lease(before.podUID)).at(-1)
  expect(lease).toMatchObject({ revoked: true })
  expect(lease?.reason).toMatch(/^silent for [56] s$/)
})

test('a pod that is deleted hands its sessions over without a revocation', async () => {
  await berth.cluster.client.delete(PodKind, before.worker)
  await untilElsewhere()
  await untilGone(before.worker)
  expect((await berth.lease(before.podUID)).at(-1)).toEqual({ revoked: false, reason: null, ended: true })
})

test('a pod that is deleted by force may still live: its lease decides', async () => {
  const worker = berth.node.worker(before.worker)
  worker.fallSilent()
  await berth.cluster.client.delete(PodKind, before.worker, { gracePeriodSeconds: 0 })
  await untilElsewhere()
  expect((await berth.lease(before.podUID)).at(-1)).toMatchObject({ revoked: true })
  await untilGone(before.worker)
})

test('deleting a worker drains it first', async () => {
  await berth.cluster.client.delete(WorkerKind, before.worker)
  await untilElsewhere()
  await untilGone(before.worker)
  await berth.until('its pod gone', async () => !(await berth.cluster.client.get(PodKind, before.worker)))
  expect((await berth.lease(before.podUID)).at(-1)).toEqual({ revoked: false, reason: null, ended: true })
  const events = await berth.until('the event', async () => {
    const found = await berth.events(session)
    return found.some(({ reason }) => reason === 'Moved') && found
  })
  expect(events.find(({ reason }) => reason === 'Moved')?.message).toContain('its worker is being deleted')
})

test('a drained worker keeps its pod and takes nothing', async () => {
  await berth.cluster.client.mergePatch(WorkerKind, before.worker, { spec: { desiredState: 'Drained' } })
  await untilElsewhere()
  expect((await berth.worker(before.worker))?.metadata.deletionTimestamp).toBeUndefined()
  await berth.cluster.client.delete(WorkerKind, before.worker)
  await untilGone(before.worker)
})

test("an outage of the database is nobody's death", async () => {
  // For longer than a lease lasts, neither polls nor renewals get through.
  await runAsOwner(
    berth.database.url,
    `BEGIN; LOCK TABLE berth.worker_lease, berth.operator_canary IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(7); COMMIT`,
  )
  const beats = await canary()
  await berth.until('the operator has looked a dozen times since', async () => (await canary()) > beats + 12)
  const after = await berth.untilConnected(session)
  expect(after.status!.placement).toEqual(before)
  expect((await berth.lease(before.podUID)).at(-1)).toMatchObject({ revoked: false })
})

const canary = async (): Promise<number> => {
  const { rows } = await berth.pool.query<{ beats: number }>('SELECT beats FROM operator_canary')
  return rows[0]!.beats
}
