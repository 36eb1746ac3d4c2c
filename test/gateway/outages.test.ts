import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant

beforeAll(async () => {
  world = await World.start()
  acme = await world.addTenant('acme')
  await world.addConnected(acme, 'support')
})
afterAll(() => world.close())

test('without the Kubernetes API reads and messages go on; changes say when to try again', async () => {
  expect((await world.call(acme, 'GET /v1/sessions')).status).toBe(200)
  expect((await world.call(acme, 'GET /v1/sessions/support')).body.state).toBe('Connected')
  const sent = await world.call(acme, 'POST /v1/sessions/support/messages', {
    body: { to: '+5511999990002', text: 'x' },
    headers: { prefer: 'wait=5' },
  })
  expect(sent.body.status).toBe('sent')
  for (const change of ['PUT /v1/sessions/new', 'POST /v1/sessions/support/stop', 'DELETE /v1/sessions/support']) {
    const answer = await world.call(acme, change)
    expect([change, answer.status, answer.body.code]).toEqual([change, 503, 'control_plane_unavailable'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
})

test('a code that was shown before needs no database, as long as its worker holds the session', async () => {
  const id = await world.addSession(acme, 'linking')
  const worker = await world.startWorker()
  await worker.claim(id, 1)
  await worker.setState(id, 'WaitingForScan')
  worker.offer(id, 'the first code')
  const qr = () => world.call(acme, 'GET /v1/sessions/linking/qr', { headers: { accept: 'application/json' } })
  expect((await qr()).body.qr).toBe('the first code')
  const client = await world.operatorDb.connect()
  try {
    await client.query('BEGIN; LOCK TABLE session')
    worker.offer(id, 'the next one')
    expect((await qr()).body.qr).toBe('the next one')
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
})

test('a gateway that stops answers what waits, and ends its streams', async () => {
  const stopping = await World.start()
  const tenant = await stopping.addTenant('acme')
  const worker = await stopping.startWorker()
  const [linking, linked] = [await stopping.addSession(tenant, 'support'), await stopping.addSession(tenant, 'sales')]
  for (const id of [linking, linked]) await worker.claim(id, 1, { sends: false })
  await worker.setState(linking, 'WaitingForScan')
  await worker.connect(linked)
  const stream = stopping.call(tenant, 'GET /v1/sessions/support/qr/stream')
  await expect.poll(() => worker.calls.length).toBe(1)
  const message = stopping.call(tenant, 'POST /v1/sessions/sales/messages', {
    body: { to: '+5511999990002', text: 'x' },
    headers: { prefer: 'wait=30' },
  })
  await expect.poll(() => worker.calls.length).toBe(2)
  await stopping.close()
  expect((await message).body).toMatchObject({ status: 'queued' })
  expect((await stream).text).toContain('event: state')
})
