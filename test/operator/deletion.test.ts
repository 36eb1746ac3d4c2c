/** Deletions: always end, and do with device and data what was asked for. */
import { randomUUID } from 'node:crypto'
import { getCondition } from '@berth/core/kube/conditions.ts'
import { SessionKind, TenantKind, TierKind } from '@berth/core/model/kind.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fresh, Installation } from './installation.ts'

let berth: Installation
let tenant: string
let session: string

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
})

const untilGone = (name: string) => berth.until(`${name} gone`, async () => !(await berth.session(name)))
const logouts = async (id: string) =>
  (await berth.pool.query<{ status: string }>('SELECT status FROM command WHERE session_id = $1', [id])).rows

test('logs the device out, then erases the data', async () => {
  await berth.createSession(session, tenant)
  const { status } = await berth.untilConnected(session)
  const worker = berth.node.worker(status!.placement!.worker)
  worker.obedient = false
  await berth.cluster.client.delete(SessionKind, session)
  await berth.until('the logout asked for', async () => (await logouts(status!.id!))[0]?.status === 'queued')
  expect((await berth.session(session))?.status?.placement).toEqual(status!.placement)
  worker.obedient = true
  await untilGone(session)
  expect(await berth.sessionRow(status!.id!)).toBeUndefined()
  await berth.until('released', async () => !worker.held.has(status!.id!))
})

test('retains the data, and gives them back only to who names them', async () => {
  const policy = { onDelete: { device: 'Keep', data: 'Retain' } }
  await berth.createSession(session, tenant, policy)
  const id = (await berth.untilConnected(session)).status!.id!
  await berth.cluster.client.delete(SessionKind, session)
  await untilGone(session)
  expect(await berth.sessionRow(id)).toEqual({ deleted: true })
  expect(await logouts(id)).toEqual([])

  await berth.createSession(session, tenant)
  const blocked = await berth.untilReason(session, 'DataRetained')
  expect(getCondition(blocked.status?.conditions, 'Ready')?.message).toContain(id)
  await berth.cluster.client.delete(SessionKind, session)
  await untilGone(session)
  expect(await berth.sessionRow(id)).toEqual({ deleted: true })

  await berth.createSession(`${tenant}.anew`, tenant, { adopt: id })
  const adopted = await berth.untilConnected(`${tenant}.anew`)
  expect(adopted.status?.id).toBe(id)
  expect(await berth.sessionRow(id)).toEqual({ deleted: false })

  const other = fresh('thief')
  await berth.createTenant(other, 'pro')
  await berth.createSession(`${other}.support`, other, { adopt: id })
  await berth.untilReason(`${other}.support`, 'AdoptNotFound')
})

test('ends where nobody can log out', async () => {
  await berth.createSession(session, tenant)
  const { status } = await berth.untilConnected(session)
  await berth.cluster.client.mergePatch(SessionKind, session, { spec: { desiredState: 'Stopped' } })
  await berth.untilReason(session, 'Stopped')
  await berth.cluster.client.delete(SessionKind, session)
  await untilGone(session)
  expect(await berth.sessionRow(status!.id!)).toBeUndefined()
  const events = await berth.until('the event', async () => {
    const found = await berth.events(session)
    return found.find(({ reason }) => reason === 'LogoutSkipped')
  })
  expect(events.message).toContain('it was not running')
})

test('a session that is not placed anywhere goes at once', async () => {
  await berth.createSession('nobodys', 'nobody')
  await berth.untilReason('nobodys', 'TenantNotFound')
  await berth.cluster.client.delete(SessionKind, 'nobodys')
  await untilGone('nobodys')
})

test('a tenant waits for its sessions and says which; a tier for its tenants', async () => {
  await berth.createTier('leaving', 'pro')
  const leaver = fresh('leaver')
  await berth.createTenant(leaver, 'leaving')
  await berth.createSession(`${leaver}.a`, leaver)
  await berth.untilConnected(`${leaver}.a`)
  await berth.cluster.client.delete(TierKind, 'leaving')
  await berth.cluster.client.delete(TenantKind, leaver)
  const waiting = await berth.until('the tenant says what it waits for', async () => {
    const found = await berth.tenant(leaver)
    const ready = getCondition(found?.status?.conditions, 'Ready')
    return ready?.reason === 'Deleting' && ready
  })
  expect(waiting.message).toContain(`${leaver}.a`)
  expect((await berth.session(`${leaver}.a`))?.status?.placement).toBeDefined()

  await berth.cluster.client.delete(SessionKind, `${leaver}.a`)
  await berth.until('the tenant gone', async () => !(await berth.tenant(leaver)))
  await berth.until('the tier gone', async () => !(await berth.cluster.client.get(TierKind, 'leaving')))
  await berth.until('its workers gone', async () => (await berth.workers('leaving')).length === 0)
  const { rows } = await berth.pool.query('SELECT FROM tenant WHERE name = $1', [leaver])
  expect(rows).toEqual([])
})

test('a resource that is created anew without a deletion just goes on', async () => {
  await berth.createSession(session, tenant)
  const { status, metadata } = await berth.untilConnected(session)
  // As a backup tool does it: the finalizer is taken away by force.
  await berth.cluster.client.delete(SessionKind, session)
  await berth.cluster.client.mergePatch(SessionKind, session, { metadata: { finalizers: null } })
  await untilGone(session)
  await berth.createSession(session, tenant)
  const again = await berth.untilConnected(session)
  expect(again.metadata.uid).not.toBe(metadata.uid)
  expect(again.status?.id).toBe(status!.id)
  expect(again.status!.placement!.generation).toBeGreaterThan(status!.placement!.generation)
})

test('a session that the database refuses does not keep the others waiting', async () => {
  const tenantId = await berth.until('the tenant taken up', async () => (await berth.tenant(tenant))?.status?.id)
  // Left behind by a resource that vanished without a deletion.
  await berth.pool.query(
    `INSERT INTO session (id, tenant_id, name, resource_name, resource_uid, provider, desired_state)
     VALUES ($1, $2, 'support', $3, $1, 'Baileys', 'Running')`,
    [randomUUID(), tenantId, fresh('vanished')],
  )
  await berth.createSession(session, tenant)
  await berth.untilReason(session, 'NameTaken')
  await berth.createSession(`${tenant}.sales`, tenant)
  await berth.untilConnected(`${tenant}.sales`)
})
