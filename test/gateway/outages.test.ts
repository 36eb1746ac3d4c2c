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
