import { SessionKind } from '@berth/core/model/kind.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant

beforeAll(async () => {
  world = await World.start({ kubernetes: true, holds: { takeUpMs: 2000 } })
  acme = await world.addTenant('acme')
})
afterAll(() => world.close())

const client = () => world.cluster!.client
const resource = (name: string) => client().get(SessionKind, name)

describe('PUT', () => {
  test('creates a session that can be read at once, and changes nothing the second time', async () => {
    const created = await world.call(acme, 'PUT /v1/sessions/support', { body: { linking: { method: 'QR' } } })
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({
      name: 'support',
      state: 'Pending',
      reason: 'NotPlaced',
      desiredState: 'Running',
      attempt: 0,
    })
    const read = await world.call(acme, 'GET /v1/sessions/support')
    expect(read.body).toEqual(created.body)
    const before = await resource('acme.support')
    expect(before!.spec).toMatchObject({ tenant: 'acme', provider: 'Baileys', desiredState: 'Running' })
    const again = await world.call(acme, 'PUT /v1/sessions/support')
    expect([again.status, again.body.id]).toEqual([200, created.body.id])
    expect((await resource('acme.support'))!.metadata.resourceVersion).toBe(before!.metadata.resourceVersion)
  })

  test('changes what it names', async () => {
    await world.call(acme, 'PUT /v1/sessions/changing')
    const stopped = await world.call(acme, 'PUT /v1/sessions/changing', { body: { desiredState: 'Stopped' } })
    expect([stopped.status, stopped.body.desiredState, stopped.body.state]).toEqual([200, 'Stopped', 'Stopped'])
    expect((await world.call(acme, 'GET /v1/sessions/changing')).body.desiredState).toBe('Stopped')
  })

  test.each([
    ['Support', {}, 'params.name'],
    ['a.b', {}, 'params.name'],
    ['x'.repeat(64), {}, 'params.name'],
    ['fine', { desiredState: 'Paused' }, 'body.desiredState'],
    ['fine', { linking: { method: 'Fax' } }, 'body.linking.method'],
    ['fine', [], 'body'],
  ])('names what is wrong with %s %j', async (name, body, field) => {
    const answer = await world.call(acme, `PUT /v1/sessions/${name}`, { body })
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed'])
    expect(answer.body.errors[0].field).toBe(field)
  })

  test('20 at once create one session', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.call(acme, 'PUT /v1/sessions/rush')))
    expect(answers.filter((answer) => answer.status >= 300)).toEqual([])
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
  })

  test('answers before the operator took it up, when that takes long', async () => {
    world.operator!.paused = true
    const answer = await world.call(acme, 'PUT /v1/sessions/untaken')
    world.operator!.paused = false
    expect([answer.status, answer.body.state, answer.body.reason]).toEqual([201, 'Pending', 'NotTakenUp'])
    expect(answer.body.id).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('does not take over what somebody else manages, and says who', async () => {
    const object = { metadata: { name: 'acme.declared' }, spec: { tenant: 'acme', desiredState: 'Running' } as never }
    await client().apply(SessionKind, object, { manager: 'argocd' })
    await expect.poll(async () => (await world.call(acme, 'GET /v1/sessions/declared')).status).toBe(200)
    for (const call of [
      world.call(acme, 'PUT /v1/sessions/declared', { body: { desiredState: 'Stopped' } }),
      world.call(acme, 'POST /v1/sessions/declared/stop'),
    ]) {
      const answer = await call
      expect([answer.status, answer.body.code]).toEqual([409, 'managed_elsewhere'])
      expect(answer.body.detail).toBe('spec.desiredState is managed by "argocd"')
    }
    // What is as wished already needs no claim.
    expect((await world.call(acme, 'PUT /v1/sessions/declared')).status).toBe(200)
  })

  test('finds the resource of a session that was made under another resource name', async () => {
    const object = { metadata: { name: 'plain' }, spec: { tenant: 'acme' } as never }
    await client().apply(SessionKind, object, { manager: 'argocd' })
    await expect.poll(async () => (await world.call(acme, 'GET /v1/sessions/plain')).status).toBe(200)
    const stopped = await world.call(acme, 'PUT /v1/sessions/plain', { body: { desiredState: 'Stopped' } })
    expect(stopped.status).toBe(200)
    expect((await resource('plain'))!.spec.desiredState).toBe('Stopped')
    expect(await resource('acme.plain')).toBeUndefined()
  })

  test('does not take over retained data unasked', async () => {
    const { body } = await world.call(acme, 'PUT /v1/sessions/retained')
    await client().delete(SessionKind, 'acme.retained')
    await expect.poll(async () => (await world.call(acme, 'GET /v1/sessions/retained')).status).toBe(404)
    await world.operatorDb.query(
      `INSERT INTO session (id, tenant_id, name, resource_name, resource_uid, provider, desired_state, deleted_at)
       VALUES ($1, $2, 'retained', 'acme.retained', $1, 'Baileys', 'Running', now())`,
      [body.id, acme.id],
    )
    const answer = await world.call(acme, 'PUT /v1/sessions/retained')
    expect([answer.status, answer.body.code]).toEqual([409, 'session_data_retained'])
  })
})

describe('start and stop', () => {
  test('change the desired state; nothing else of the resource', async () => {
    await world.call(acme, 'PUT /v1/sessions/switch')
    const stopped = await world.call(acme, 'POST /v1/sessions/switch/stop')
    expect([stopped.status, stopped.body.state]).toEqual([200, 'Stopped'])
    const started = await world.call(acme, 'POST /v1/sessions/switch/start')
    expect([started.status, started.body.desiredState]).toEqual([200, 'Running'])
    expect((await resource('acme.switch'))!.spec).toMatchObject({
      tenant: 'acme',
      linking: { method: 'QR', attempt: 0 },
    })
  })

  test('start links a session anew that was logged out; later changes keep the attempt', async () => {
    const { body } = await world.call(acme, 'PUT /v1/sessions/relink')
    const worker = await world.startWorker()
    await worker.claim(body.id, 1)
    await worker.setState(body.id, 'LoggedOut', { reason: 'LoggedOut', message: 'Logged out on the phone' })
    const shown = await world.call(acme, 'GET /v1/sessions/relink')
    expect(shown.body).toMatchObject({ state: 'LoggedOut', message: 'Logged out on the phone' })
    expect((await world.call(acme, 'POST /v1/sessions/relink/start')).status).toBe(200)
    expect((await resource('acme.relink'))!.spec.linking.attempt).toBe(1)
    await worker.setState(body.id, 'WaitingForScan')
    await world.call(acme, 'POST /v1/sessions/relink/stop')
    await world.call(acme, 'PUT /v1/sessions/relink', { body: { desiredState: 'Running' } })
    expect((await resource('acme.relink'))!.spec.linking.attempt).toBe(1)
  })
})

describe('linking again', () => {
  test('begins a new attempt where the link is of no use, and only there', async () => {
    const { body } = await world.call(acme, 'PUT /v1/sessions/stolen')
    const worker = await world.startWorker()
    await worker.claim(body.id, 1)
    await worker.connect(body.id)
    const refused = await world.call(acme, 'POST /v1/sessions/stolen/relink')
    expect([refused.status, refused.body.code]).toEqual([409, 'session_already_linked'])
    await worker.setState(body.id, 'UsedElsewhere', { phoneNumber: '+5511999990001', reason: 'Replaced' })
    const relinked = world.call(acme, 'POST /v1/sessions/stolen/relink')
    const attempt = async () => (await resource('acme.stolen'))!.spec.linking.attempt
    await expect.poll(attempt).toBe(1)
    await worker.setState(body.id, 'WaitingForScan', { reason: 'NobodyLooks' })
    expect(await relinked).toMatchObject({ status: 200, body: { id: body.id } })
    expect((await world.call(acme, 'GET /v1/sessions/stolen')).body.state).toBe('WaitingForScan')
  })
})

describe('reading', () => {
  test('lists page by page in the order of names', async () => {
    const tenant = await world.addTenant('lister')
    const names = ['alpha', 'bravo', 'charlie', 'delta', 'echo']
    for (const name of [...names].reverse()) await world.addSession(tenant, name)
    const first = await world.call(tenant, 'GET /v1/sessions?limit=2')
    const second = await world.call(tenant, `GET /v1/sessions?limit=2&cursor=${first.body.nextCursor}`)
    const third = await world.call(tenant, `GET /v1/sessions?limit=2&cursor=${second.body.nextCursor}`)
    const all = [first, second, third].flatMap((page) => page.body.data.map((s: { name: string }) => s.name))
    expect(all).toEqual(names)
    expect(third.body.nextCursor).toBeNull()
  })

  test("shows the worker's word while it holds the session, and what is true in between", async () => {
    const tenant = await world.addTenant('watcher')
    const id = await world.addSession(tenant, 'support')
    const state = async () => {
      const { body } = await world.call(tenant, 'GET /v1/sessions/support')
      return [body.state, body.reason]
    }
    expect(await state()).toEqual(['Pending', 'NotPlaced'])
    const first = await world.startWorker()
    await first.claim(id, 1)
    expect(await state()).toEqual(['Connecting', 'Claimed'])
    await first.connect(id)
    const connected = await world.call(tenant, 'GET /v1/sessions/support')
    expect(connected.body).toMatchObject({ state: 'Connected', phoneNumber: '+5511999990001' })
    await world.revoke(first)
    expect(await state()).toEqual(['Pending', 'Moving'])
    const second = await world.startWorker()
    await second.claim(id, 2)
    expect(await state()).toEqual(['Connecting', 'Claimed'])
    await second.connect(id)
    expect(await state()).toEqual(['Connected', undefined])
  })
})

describe('DELETE', () => {
  test('deletes the resource and can wait until the session is gone', async () => {
    const { body } = await world.call(acme, 'PUT /v1/sessions/doomed')
    const answer = await world.call(acme, 'DELETE /v1/sessions/doomed?wait=10')
    expect([answer.status, answer.body]).toEqual([202, { id: body.id, name: 'doomed', deleted: true }])
    expect((await world.call(acme, 'GET /v1/sessions/doomed')).status).toBe(404)
    expect((await world.call(acme, 'DELETE /v1/sessions/doomed')).status).toBe(404)
    expect((await world.call(acme, 'PUT /v1/sessions/doomed')).status).toBe(201)
  })

  test('a session that is being deleted can not be changed', async () => {
    await world.call(acme, 'PUT /v1/sessions/leaving')
    await client().mergePatch(SessionKind, 'acme.leaving', { metadata: { finalizers: ['berth.dev/session'] } })
    const answer = await world.call(acme, 'DELETE /v1/sessions/leaving')
    expect(answer.body.deleted).toBe(false)
    const change = await world.call(acme, 'PUT /v1/sessions/leaving')
    expect([change.status, change.body.code]).toEqual([409, 'session_being_deleted'])
    await client().mergePatch(SessionKind, 'acme.leaving', { metadata: { finalizers: null } })
    await expect.poll(async () => (await world.call(acme, 'GET /v1/sessions/leaving')).status).toBe(404)
  })
})
