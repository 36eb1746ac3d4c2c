import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type TestTenant, World } from './world.ts'

vi.setConfig({ testTimeout: 30_000 })

let world: World

beforeAll(async () => {
  world = await World.start()
})
afterAll(() => world.close())

/** What can be read ends below the oldest running transaction of the whole server, which other tests use too. */
async function feed(tenant: TestTenant, path: string, count: number) {
  const read = async () => (await world.call(tenant, `GET /v1/${path}`)).body
  await expect.poll(async () => (await read()).data.length, { timeout: 20_000 }).toBe(count)
  return read()
}

const WORDS = { reason: 'Banned', message: 'WhatsApp banned this account: open WhatsApp on the phone.' }

test('what happened to sessions is read page by page, and later on from the last event that one has', async () => {
  const acme = await world.addTenant('acme')
  const { id, worker } = await world.addConnected(acme, 'support')
  await worker.setState(id, 'Disconnected', { reason: 'ServerError' })
  await world.addConnected(acme, 'sales')
  await worker.setState(id, 'Banned', { ...WORDS, phoneNumber: '+5511999990001' })

  const all = await feed(acme, 'events', 4)
  expect(all.nextCursor).toBeNull()
  expect(
    all.data.map((event: { session: string; seq: number; data: { state: string } }) => [
      event.session,
      event.seq,
      event.data.state,
    ]),
  ).toEqual([
    ['support', 1, 'Connected'],
    ['support', 2, 'Disconnected'],
    ['sales', 1, 'Connected'],
    ['support', 3, 'Banned'],
  ])
  expect(all.data[3]).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    session: 'support',
    seq: 3,
    type: 'session.state',
    occurredAt: expect.stringMatching(/^20.*Z$/),
    data: { state: 'Banned', ...WORDS, phoneNumber: '+5511999990001' },
  })

  const first = (await world.call(acme, 'GET /v1/events?limit=3')).body
  expect(first.data).toEqual(all.data.slice(0, 3))
  expect((await world.call(acme, `GET /v1/events?limit=3&cursor=${first.nextCursor}`)).body).toEqual({
    data: all.data.slice(3),
    nextCursor: null,
  })
  const after = (last: { id: string }) => world.call(acme, `GET /v1/events?after=${last.id}`)
  expect((await after(all.data[1])).body.data).toEqual(all.data.slice(2))
  expect((await after(all.data[3])).body.data).toEqual([])
  await worker.setState(id, 'LoggedOut')
  const later = await feed(acme, `events?after=${all.data[3].id}`, 1)
  expect(later.data).toMatchObject([{ seq: 4, data: { state: 'LoggedOut' } }])
  const own = await feed(acme, `sessions/support/events?after=${all.data[1].id}`, 2)
  expect(own.data.map(({ seq }: { seq: number }) => seq)).toEqual([3, 4])
})

test("another tenant's events look like none at all", async () => {
  const [mine, other] = [await world.addTenant('mine'), await world.addTenant('other')]
  await world.addConnected(mine, 'support')
  const [event] = (await feed(mine, 'events', 1)).data
  expect((await world.call(other, 'GET /v1/events')).body.data).toEqual([])
  for (const after of [event.id, randomUUID(), 'yesterday']) {
    const answer = await world.call(other, `GET /v1/events?after=${after}`)
    expect([answer.status, answer.body.code]).toEqual([404, 'event_not_found'])
  }
  expect((await world.call(other, 'GET /v1/sessions/support/events')).status).toBe(404)
  expect((await world.call(mine, 'GET /v1/events?cursor=nonsense')).status).toBe(422)
})
