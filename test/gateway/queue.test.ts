/** What waits to be sent, as its tenant sees it: scheduled, kept until the session is back, too late, cancelled. */
import { advanceSends, takeSends } from '@berth/core/postgres/sends.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { asOwner } from '../postgres/as-owner.ts'
import type { FakeWorker } from './fake-worker.ts'
import { type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant
let worker: FakeWorker
let session: { id: string; name: string }
let count = 0

beforeAll(async () => {
  world = await World.start({ holds: { moveMs: 300 } })
  acme = await world.addTenant('acme')
  worker = await world.startWorker()
})
afterAll(() => world.close())
beforeEach(async () => {
  const name = `s${++count}`
  session = { name, id: await world.addSession(acme, name) }
  await worker.claim(session.id, 1, { sends: false })
  await worker.connect(session.id, `+551199999${count}`)
})

const to = '+5511999990002'
const path = (rest: string): string => `/v1/sessions/${session.name}/${rest}`
const send = (body: object, headers: Record<string, string> = {}) =>
  world.call(acme, `POST ${path('messages')}`, { body: { to, ...body }, headers })
const read = async (id: string) => (await world.call(acme, `GET ${path(`messages/${id}`)}`)).body
const cancel = (id: string) => world.call(acme, `POST ${path(`messages/${id}/cancel`)}`)
const queue = async () => (await world.call(acme, `GET ${path('queue')}`)).body
const idsWith = async (status: string): Promise<string[]> =>
  (await world.call(acme, `GET ${path(`messages?status=${status}`)}`)).body.data.map(({ id }: { id: string }) => id)

test('a scheduled message waits, is shown behind what goes before it, and goes when its time has come', async () => {
  const sendAt = new Date(Date.now() + 3600_000).toISOString()
  const later = await send({ text: 'later', sendAt }, { prefer: 'wait=5' })
  expect(later.body).toMatchObject({ status: 'scheduled', sendAt, timeline: [{ status: 'scheduled' }] })
  const now = await send({ text: 'now' })
  expect(await queue()).toMatchObject({
    count: 2,
    session: { state: 'Connected' },
    data: [
      { position: 1, id: now.body.id, status: 'queued', waitsFor: 'turn' },
      { position: 2, id: later.body.id, status: 'scheduled', waitsFor: 'time', notBefore: sendAt },
    ],
  })
  expect(await idsWith('scheduled')).toEqual([later.body.id])
  expect(await idsWith('queued')).toEqual([now.body.id])
  await worker.sendOpen(session.id)
  expect(await read(later.body.id)).toMatchObject({ status: 'scheduled' })
  await asOwner(world.operatorDb, `UPDATE message SET send_at = now() WHERE id = '${later.body.id}'`)
  expect(await advanceSends(world.workerDb)).toBe(1)
  await worker.sendOpen(session.id)
  const sent = await read(later.body.id)
  expect(sent.timeline.map(({ status }: { status: string }) => status)).toEqual(['scheduled', 'queued', 'sent'])
})

describe('a message that waits', () => {
  test('is cancelled, and never sent; asked again, it is the same', async () => {
    const { body } = await send({ text: 'oh no' })
    expect((await cancel(body.id)).body).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } })
    expect((await cancel(body.id)).status).toBe(200)
    await worker.sendOpen(session.id)
    expect((await read(body.id)).status).toBe('cancelled')
    expect(await idsWith('cancelled')).toEqual([body.id])
    expect(await idsWith('failed')).toEqual([])
    expect(await queue()).toMatchObject({ count: 0, data: [] })
  })

  test('is not cancelled any more once its owner has taken it, or it was sent', async () => {
    const { body } = await send({ text: 'on its way' })
    await takeSends(world.workerDb, worker.bootId, [{ sessionId: session.id, epoch: 1, id: body.id }])
    const refused = await cancel(body.id)
    expect([refused.status, refused.body.code]).toEqual([409, 'message_not_cancellable'])
    expect((await queue()).data).toMatchObject([{ status: 'sending', waitsFor: 'confirmation' }])
    await worker.sendOpen(session.id)
    expect((await cancel(body.id)).body.detail).toContain('sent already')
  })

  test('has a deadline, and fails with a remedy when that has passed', async () => {
    const { body } = await send({ text: 'a code', ttlSeconds: 1 })
    expect(body.expiresAt).toBeDefined()
    await expect.poll(() => advanceSends(world.workerDb), { timeout: 30_000 }).toBeGreaterThan(0)
    expect(await read(body.id)).toMatchObject({
      status: 'failed',
      error: { code: 'expired', remedy: expect.stringContaining('later deadline') },
    })
    await worker.sendOpen(session.id)
    expect((await read(body.id)).status).toBe('failed')
  })
})

test('what is accepted while the session moves says so, and goes when it is back', async () => {
  await worker.release(session.id)
  const { status, body } = await send({ text: 'meanwhile' })
  expect([status, body.status]).toEqual([201, 'queued'])
  expect(await queue()).toMatchObject({
    session: { state: 'Pending', reason: 'Moving' },
    data: [{ waitsFor: 'session' }],
  })
  const other = await world.startWorker()
  await other.claim(session.id, 2)
  await other.connect(session.id)
  await other.sendOpen(session.id)
  expect((await read(body.id)).status).toBe('sent')
})

test.each([
  [{ sendAt: 'tomorrow' }, 'body.sendAt'],
  [{ sendAt: '2099-01-01T00:00:00Z' }, 'body.sendAt'],
  [{ expiresAt: '2020-01-01T00:00:00Z' }, 'body.expiresAt'],
  [{ ttlSeconds: 0 }, 'body.ttlSeconds'],
])('%j is refused', async (times, field) => {
  const answer = await send({ text: 'Hello', ...times })
  expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, field])
})

test('the same Idempotency-Key is the same message, also when its deadline has passed', async () => {
  const key = { 'idempotency-key': 'once' }
  const first = await send({ text: 'once', ttlSeconds: 1 }, key)
  await expect.poll(() => advanceSends(world.workerDb), { timeout: 30_000 }).toBeGreaterThan(0)
  const again = await send({ text: 'once', ttlSeconds: 1 }, key)
  expect(again).toMatchObject({ status: 200, body: { id: first.body.id, status: 'failed' } })
})

test("nobody cancels another tenant's message, or sees their queue", async () => {
  const { body } = await send({ text: 'mine' })
  const other = await world.addTenant(`globex-${count}`)
  expect((await world.call(other, `POST ${path(`messages/${body.id}/cancel`)}`)).status).toBe(404)
  expect((await world.call(other, `GET ${path('queue')}`)).status).toBe(404)
  expect((await read(body.id)).status).toBe('queued')
})
