import { randomUUID } from 'node:crypto'
import { Berth, type StreamEventsOptions } from '@berth/client'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import { settleMedia } from '@berth/core/postgres/media.ts'
import { uuidV7 } from '@berth/gateway/data/uuid.ts'
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
  await expect.poll(async () => (await read()).data.length).toBe(count)
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

test('messages are told as they were when they were stored, and each step of theirs', async () => {
  const tenant = await world.addTenant('writers')
  const { id, worker } = await world.addConnected(tenant, 'support')
  const chat = '5511999990002@s.whatsapp.net'
  const receive = (whatsappId: string, more: Partial<ReceivedMessage>) => {
    const message = {
      id: uuidV7(Date.now()),
      chat,
      whatsappId,
      fromMe: false,
      senderPhone: '+5511999990002',
      type: 'text',
      content: { text: 'Hello!' },
      status: 'received' as const,
      sentAt: new Date(),
      ...more,
    }
    return worker.write(id, { received: [{ ciphertextHash: randomUUID(), message }] }).then(() => message.id)
  }
  const file = { id: randomUUID(), status: 'pending', mimeType: 'image/jpeg', caption: 'Look!' }
  const hello = await receive('A', {})
  const image = await receive('B', { type: 'image', content: { media: file, source: { url: 'hidden' } } })
  const quote = { whatsappId: 'A', fromMe: false }
  const answer = await receive('C', { fromMe: true, status: 'sent', content: { text: 'Hi!', quote } })
  const edit = await receive('D', { type: 'edit', content: { target: quote, text: 'Good morning!' } })
  const owner = { sessionId: id, epoch: 1 }
  const sha256 = Buffer.alloc(32)
  await settleMedia(world.workerDb, worker.bootId, owner, file.id, { status: 'stored', attempts: 0, size: 7, sha256 })
  const sent = await world.call(tenant, 'POST /v1/sessions/support/messages', {
    body: { to: '+5511999990002', text: 'Sent' },
  })
  await worker.sendOpen(id)

  const { data } = await feed(tenant, 'events', 7)
  const about = (messageId: string) => ({ messageId, chat })
  const message = { session: 'support', chat, status: 'received', from: { phoneNumber: '+5511999990002' } }
  expect(data.map(({ type, seq, data }: { type: string; seq: number; data: unknown }) => [seq, type, data])).toEqual([
    [1, 'session.state', { state: 'Connected', phoneNumber: '+5511999990001' }],
    [
      2,
      'message.received',
      { ...about(hello), message: expect.objectContaining({ ...message, id: hello, text: 'Hello!' }) },
    ],
    [3, 'message.received', { ...about(image), message: expect.objectContaining({ id: image, media: file }) }],
    [
      4,
      'message.sent_by_phone',
      { ...about(answer), message: expect.objectContaining({ status: 'sent', quote: { id: hello, fromMe: false } }) },
    ],
    [
      5,
      'message.updated',
      { ...about(edit), message: expect.objectContaining({ type: 'edit', message: hello, text: 'Good morning!' }) },
    ],
    [
      6,
      'media.updated',
      {
        ...about(image),
        media: { id: file.id, status: 'stored', mimeType: 'image/jpeg', size: 7, sha256: '0'.repeat(64) },
      },
    ],
    [7, 'message.status', { ...about(sent.body.id), status: 'sent', at: expect.stringMatching(/^20/) }],
  ])
})

interface StreamedEvent {
  id: string
  event: string
  data: { id: string; data: { state: string } }
}

/** Reads a stream; `until` waits for so many events and answers them. */
function follow(tenant: TestTenant, options: StreamEventsOptions) {
  const over = new AbortController()
  const events: StreamedEvent[] = []
  const berth = new Berth({ url: world.url, apiKey: tenant.key })
  const reading = (async () => {
    for await (const event of berth.streamEvents({ ...options, signal: over.signal }))
      events.push(event as StreamedEvent)
  })().catch((error) => error)
  return {
    events,
    until: async (count: number) => {
      await expect.poll(() => events.length).toBeGreaterThanOrEqual(count)
      return events
    },
    close: async () => {
      over.abort()
      expect(await reading).toBe(over.signal.reason)
    },
  }
}

test('a stream tells what happens from now on, or behind the last event that one has, and skips nothing that commits late', async () => {
  const tenant = await world.addTenant('followers')
  const { id, worker } = await world.addConnected(tenant, 'support')
  const other = await world.addConnected(tenant, 'sales')
  const [first] = (await feed(tenant, 'events', 2)).data
  const stream = follow(tenant, { after: first.id })
  await stream.until(1)

  // A transaction that was begun before others, and ends after them.
  const slow = await world.operatorDb.connect()
  await slow.query('BEGIN')
  await slow.query('SELECT pg_current_xact_id()')
  await worker.setState(id, 'Disconnected')
  await other.worker.setState(other.id, 'Disconnected')
  await worker.setState(id, 'Connected')
  expect(stream.events).toHaveLength(1)
  await slow.query('COMMIT')
  slow.release()
  const events = await stream.until(4)
  expect(events.map(({ event, data }) => [event, data.data.state])).toEqual(
    ['Connected', 'Disconnected', 'Disconnected', 'Connected'].map((state) => ['session.state', state]),
  )
  expect(events.map(({ id }) => id)).toEqual(events.map(({ data }) => data.id))
  await stream.close()

  const again = follow(tenant, { after: first.id, lastEventId: events[2]!.id })
  expect((await again.until(1))[0]!.data).toEqual(events[3]!.data)
  await again.close()
  const answer = await world.call(tenant, 'GET /v1/events/stream', { headers: { 'last-event-id': randomUUID() } })
  expect([answer.status, answer.body.code]).toEqual([404, 'event_not_found'])
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
