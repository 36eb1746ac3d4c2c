/** Webhooks: a gateway that tells endpoints what happened, over a real database and real connections. */
import { randomUUID } from 'node:crypto'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { Database } from '@berth/gateway/data/database.ts'
import { Dispatcher } from '@berth/gateway/webhooks/dispatcher.ts'
import { EndpointSecrets } from '@berth/gateway/webhooks/secrets.ts'
import { Sender } from '@berth/gateway/webhooks/sender.ts'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asOwner } from '../postgres/as-owner.ts'
import type { FakeWorker } from './fake-worker.ts'
import { answer, Receiver } from './receiver.ts'
import { type TestTenant, TOKEN, World } from './world.ts'

let world: World
let dispatcher: Dispatcher
const receivers: Receiver[] = []

const log = createLogger('gateway')
log.level = 'silent'
const newDispatcher = () =>
  new Dispatcher({
    pool: world.gatewayDb,
    database: new Database(world.gatewayDb),
    secrets: new EndpointSecrets(TOKEN),
    sender: new Sender({ targets: 'anywhere', connectMs: 2_000, wholeMs: 2_000 }),
    publicUrl: 'https://berth.example.com',
    log,
  })

beforeAll(async () => {
  world = await World.start({ webhookTargets: 'anywhere' })
  dispatcher = newDispatcher().start()
})
afterAll(async () => {
  await dispatcher.stop()
  await world.close()
  for (const receiver of receivers) await receiver.close()
})

async function receiverWith(behaviour?: Receiver['behaviour']): Promise<Receiver> {
  const receiver = await Receiver.start(behaviour)
  receivers.push(receiver)
  return receiver
}

const addEndpoint = async (tenant: TestTenant, url: string, more: object = {}) =>
  (await world.call(tenant, 'POST /v1/webhook-endpoints', { body: { url, ...more } })).body

const deliveriesOf = async (tenant: TestTenant, id: string, query = '') =>
  (await world.call(tenant, `GET /v1/webhook-endpoints/${id}/deliveries${query}`)).body.data

/** A message from a contact; answers its WhatsApp id. */
async function receive(worker: FakeWorker, session: string, contact = 2, text = 'Hello!') {
  const whatsappId = randomUUID()
  const message = {
    id: randomUUID(),
    chat: `551199999000${contact}@s.whatsapp.net`,
    whatsappId,
    fromMe: false,
    senderPhone: `+551199999000${contact}`,
    type: 'text',
    content: { text },
    status: 'received' as const,
    sentAt: new Date(),
  }
  await worker.write(session, { received: [{ ciphertextHash: randomUUID(), message }] })
  return whatsappId
}

let tenants = 0
/** A tenant with a connected session. */
async function connected() {
  const tenant = await world.addTenant(`tenant-${tenants++}`)
  const { id, worker } = await world.addConnected(tenant, 'support')
  return { tenant, session: id, worker }
}

describe('an event', () => {
  test('is sent with a signature that the reference library accepts, by each secret that is valid', async () => {
    const { tenant, session, worker } = await connected()
    const receiver = await receiverWith()
    const headers = { 'X-Berth': 'yes', authorization: 'Bearer ours' }
    const { id, secret } = await addEndpoint(tenant, `${receiver.url}/hook?a=b`, {
      headers,
      events: ['message.received'],
    })
    await receive(worker, session)
    await expect.poll(() => receiver.received.length).toBe(1)
    const [first] = receiver.received
    expect(first).toMatchObject({ path: '/hook?a=b', headers: { 'x-berth': 'yes', authorization: 'Bearer ours' } })
    const verified = (key: string, { body, headers }: typeof first & object) =>
      new Webhook(key).verify(body, headers as Record<string, string>)
    expect(verified(secret, first!)).toMatchObject({ type: 'message.received', session: 'support' })
    expect(first!.headers['webhook-id']).toBe(first!.event.id)
    const feed = async () => (await world.call(tenant, 'GET /v1/events')).body.data
    await expect.poll(feed).toEqual([expect.objectContaining({ type: 'session.state' }), first!.event])

    const rotated = (await world.call(tenant, `POST /v1/webhook-endpoints/${id}/secret`)).body
    await receive(worker, session)
    await expect.poll(() => receiver.received.length).toBe(2)
    const second = receiver.received[1]!
    for (const key of [secret, rotated.secret])
      expect(verified(key, second)).toMatchObject({ type: 'message.received' })
    expect(() => verified(`whsec_${Buffer.alloc(32).toString('base64')}`, second)).toThrow()

    await world.call(tenant, `POST /v1/webhook-endpoints/${id}/secret`, { body: { overlapSeconds: 0 } })
    await receive(worker, session)
    await expect.poll(() => receiver.received.length).toBe(3)
    for (const key of [secret, rotated.secret]) expect(() => verified(key, receiver.received[2]!)).toThrow()
  })

  test('is told to who wants its type and session, and to nobody of another tenant', async () => {
    const { tenant, session, worker } = await connected()
    const other = await connected()
    const [all, states, sales, others] = await Promise.all([1, 2, 3, 4].map(() => receiverWith()))
    await addEndpoint(tenant, all!.url)
    await addEndpoint(tenant, states!.url, { events: ['session.state'] })
    await addEndpoint(tenant, sales!.url, { sessions: ['sales'] })
    await addEndpoint(other.tenant, others!.url)
    await receive(worker, session)
    await worker.setState(session, 'Disconnected')
    await other.worker.setState(other.session, 'Disconnected')
    const types = (receiver: Receiver) => receiver.received.map(({ event }) => event.type)
    await expect.poll(() => all!.received.length + states!.received.length + others!.received.length).toBe(4)
    expect(types(all!).sort()).toEqual(['message.received', 'session.state'])
    expect(types(states!)).toEqual(['session.state'])
    expect(types(others!)).toEqual(['session.state'])
    expect(sales!.received).toEqual([])
  })

  test('too large for a webhook comes as a link', async () => {
    const { tenant, session, worker } = await connected()
    const receiver = await receiverWith()
    await addEndpoint(tenant, receiver.url, { events: ['message.received'] })
    await receive(worker, session, 2, 'x'.repeat(300_000))
    await expect.poll(() => receiver.received.length).toBe(1)
    const { data } = receiver.received[0]!.event
    expect(data).toEqual({
      messageId: data.messageId,
      chat: '5511999990002@s.whatsapp.net',
      truncated: true,
      link: `https://berth.example.com/v1/sessions/support/messages/${data.messageId}`,
    })
  })
})

describe('an endpoint that fails', () => {
  test('is told again, the same bytes, in the order of each chat; other chats do not wait', async () => {
    const { tenant, session, worker } = await connected()
    let refused = 0
    const receiver = await receiverWith((received, response) => {
      const isFirst = received.event.data.message.text === 'first'
      response.writeHead(isFirst && refused++ < 1 ? 503 : 200, { 'retry-after': '1' })
      response.end('busy')
    })
    const { id } = await addEndpoint(tenant, receiver.url, { events: ['message.received'] })
    await receive(worker, session, 2, 'first')
    await receive(worker, session, 2, 'second')
    await receive(worker, session, 3, 'elsewhere')
    await expect.poll(() => receiver.received.length).toBe(4)
    const texts = receiver.received.map(({ event }) => event.data.message.text)
    expect(texts.filter((text) => text !== 'elsewhere')).toEqual(['first', 'first', 'second'])
    expect(texts.indexOf('elsewhere')).toBeLessThan(3)
    const [once, again] = receiver.received.filter(({ event }) => event.data.message.text === 'first')
    expect(again!.body).toBe(once!.body)
    await expect.poll(() => deliveriesOf(tenant, id, '?status=delivered')).toHaveLength(3)
    const log = (await deliveriesOf(tenant, id)).find(({ tries }: { tries: number }) => tries === 2)
    expect(log.attempts).toMatchObject([{ status: 503, answer: 'busy' }, { status: 200 }])
    expect((await world.call(tenant, `GET /v1/webhook-endpoints/${id}/deliveries/${log.event}`)).body).toEqual(log)
  })

  test('with 410 is paused at once, the others are told so, and goes on when it is enabled again', async () => {
    const { tenant, session, worker } = await connected()
    const [gone, other] = [await receiverWith(answer(410)), await receiverWith()]
    const { id } = await addEndpoint(tenant, gone.url, { events: ['message.received'] })
    await addEndpoint(tenant, other.url, { events: ['webhook.paused'] })
    await receive(worker, session, 2, 'before')
    await expect.poll(() => other.received.length).toBe(1)
    expect(other.received[0]!.event).toEqual({
      id: expect.any(String),
      type: 'webhook.paused',
      occurredAt: expect.any(String),
      data: { endpoint: id, url: gone.url, reason: 'gone', failingSince: expect.any(String) },
    })
    const read = () => world.call(tenant, `GET /v1/webhook-endpoints/${id}`)
    expect((await read()).body).toMatchObject({ enabled: false, pausedReason: 'gone' })
    await receive(worker, session, 2, 'missed')
    gone.behaviour = answer(200)
    const resumed = await world.call(tenant, `PATCH /v1/webhook-endpoints/${id}`, { body: { enabled: true } })
    expect(resumed.body).toMatchObject({ id, enabled: true })
    expect(resumed.body).not.toHaveProperty('pausedAt')
    const texts = () => new Set(gone.received.map(({ event }) => event.data.message.text))
    const replay = await world.call(tenant, `POST /v1/webhook-endpoints/${id}/replay`, { body: { what: 'missed' } })
    expect([replay.status, replay.body]).toEqual([202, { count: 1, more: false }])
    await expect.poll(() => [...texts()].sort()).toEqual(['before', 'missed'])
  })

  test('for three days is paused; what is dead is told again when that is wanted', async () => {
    const { tenant, session, worker } = await connected()
    const receiver = await receiverWith(answer(500))
    const { id } = await addEndpoint(tenant, receiver.url, { events: ['message.received'] })
    const age = (change: string) => asOwner(world.operatorDb, `UPDATE berth.${change}`)
    await receive(worker, session)
    await expect.poll(async () => (await deliveriesOf(tenant, id))[0]?.tries).toBe(1)
    await age(`webhook_endpoint SET failing_since = now() - interval '73 hours' WHERE id = '${id}'`)
    await age(
      `webhook_delivery SET tried_since = now() - interval '73 hours', next_at = now() WHERE endpoint_id = '${id}'`,
    )
    await expect.poll(() => deliveriesOf(tenant, id, '?status=dead')).toHaveLength(1)
    const read = () => world.call(tenant, `GET /v1/webhook-endpoints/${id}`)
    await expect.poll(async () => (await read()).body).toMatchObject({ enabled: false, pausedReason: 'failing' })

    receiver.behaviour = answer(200)
    receiver.received.length = 0
    await world.call(tenant, `PATCH /v1/webhook-endpoints/${id}`, { body: { enabled: true } })
    const replay = (body: object) => world.call(tenant, `POST /v1/webhook-endpoints/${id}/replay`, { body })
    expect((await replay({ what: 'dead', before: '2026-01-01T00:00:00Z' })).body.count).toBe(0)
    expect((await replay({ what: 'dead' })).body.count).toBe(1)
    await expect.poll(() => deliveriesOf(tenant, id, '?status=delivered')).toHaveLength(1)
    const [{ event }] = await deliveriesOf(tenant, id)
    const again = await world.call(tenant, `POST /v1/webhook-endpoints/${id}/deliveries/${event}/replay`)
    expect(again.status).toBe(202)
    await expect.poll(() => receiver.received.map(({ event }) => event.id)).toEqual([event, event])
  })
})
