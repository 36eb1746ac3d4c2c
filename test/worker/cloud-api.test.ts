/** A number of the Cloud API through everything that is ours: gateway, database, worker; Meta is the stand-in. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createApiKey } from '@berth/core/crypto/api-key.ts'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import { firedLine } from '@berth/core/failpoint/failpoint.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { buildApp } from '@berth/gateway/app.ts'
import { createContext } from '@berth/gateway/services.ts'
import { CloudApi } from '@berth/simulator/cloud-api/server.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MessageRow, TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, TOKEN, World } from './world.ts'

const MAIN = fileURLToPath(import.meta.resolve('@berth/worker/main.ts'))
const APP_SECRET = 'secret of the test app'
const NUMBER = '106540352242922'
const ANA = '5511999990002'
const DAY_MS = 24 * 3_600_000

let meta: CloudApi
let world: World
let gateway: Awaited<ReturnType<typeof startGateway>>
let session: TestSession

/** The real one, over the world's database. */
async function startGateway(of: World) {
  const pool = openPool({ url: of.databaseUrl, role: 'berth_gateway', application: 'test-gateway', max: 4 })
  const kube = new KubeClient({ server: 'http://127.0.0.1:9', namespace: 'nowhere', source: 'test' })
  const log = createLogger('gateway')
  log.level = process.env.LOG_LEVEL ?? 'silent'
  const context = createContext({
    pool,
    kube,
    namespace: 'nowhere',
    internalToken: TOKEN,
    log,
    store: of.media,
    channelKeys: KeyRing.parse(of.channelKeys),
    platformApp: { verifyToken: 'token', appSecret: APP_SECRET },
    graphUrl: of.graphUrl,
  })
  const app = await buildApp(context)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const { key, hash, hint } = createApiKey()
  await of.sql(`INSERT INTO api_key (tenant_id, name, hash, hint) SELECT id, 'test', $1, $2 FROM tenant`, hash, hint)
  return {
    url,
    async call(request: string, body?: unknown) {
      const [method, path] = request.split(' ')
      const response = await fetch(`${url}${path!.startsWith('/v1') ? path : `/v1/sessions/support${path}`}`, {
        method: method!,
        headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      // biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever JSON came
      return { status: response.status, body: (text ? JSON.parse(text) : undefined) as any }
    },
    async close() {
      await app.close()
      await context.workers.close()
      await Promise.all([kube.close(), pool.end()])
    },
  }
}

beforeAll(async () => {
  meta = await CloudApi.start({ times: 2 })
  world = await World.start(meta.url)
  session = await world.addSession('support', 'CloudAPI')
  gateway = await startGateway(world)
  meta.addNumber({
    phoneNumberId: NUMBER,
    accountId: '1',
    displayNumber: '+1 555-012-3456',
    name: 'Acme Shop',
    token: 'EAA-acme',
    webhook: { url: `${gateway.url}/api/webhooks/whatsapp`, appSecret: APP_SECRET },
  })
})

afterAll(async () => {
  await meta?.webhooks.stop()
  await gateway?.close()
  await world?.close()
  expect(meta?.faults).toEqual([])
  await meta?.close()
})

const connect = (accessToken: string) => gateway.call('PUT /channel', { phoneNumberId: NUMBER, accessToken })
const write = (text: string, at?: number) =>
  meta.write(NUMBER, { from: ANA, name: 'Ana', ...(at && { at }) }, { type: 'text', text: { body: text } })
const send = (body: object) => gateway.call('POST /messages', { to: `+${ANA}`, ...body })

/** The message with our id, once it has this status. */
const untilStatus = (id: string, status: string): Promise<MessageRow> =>
  until(async () => (await session.messages()).find((row) => row.id === id && row.status === status))
const untilReceived = (whatsappId: string): Promise<MessageRow> =>
  until(async () => (await session.messages()).find((row) => row.whatsapp_id === whatsappId))

describe('a number of the Cloud API', () => {
  let worker: TestWorker

  beforeAll(async () => {
    worker = await world.startWorker()
    await session.place(worker)
  })
  afterAll(async () => {
    await session.place(undefined)
    await worker.stop()
  })

  test('says what is missing, is connected, and is connected again after its token was refused', async () => {
    await session.untilState('Failed')
    expect(await session.state()).toMatchObject({ reason: 'ChannelMissing' })
    expect((await connect('EAA-acme')).status).toBe(200)
    await session.untilState('Connected')
    expect(await session.state()).toMatchObject({ phone_number: '+15550123456' })
  })

  test('gets what contacts write, once, with who wrote it', async () => {
    const id = write('Olá 👋')
    const row = await untilReceived(id)
    expect(row).toMatchObject({
      chat: `${ANA}@s.whatsapp.net`,
      sender_phone: `+${ANA}`,
      sender_name: 'Ana',
      type: 'text',
      content: { text: 'Olá 👋' },
      status: 'received',
    })
    await untilReceived(write('each was told twice, and this one last'))
    expect((await session.messages()).filter(({ whatsapp_id }) => whatsapp_id === id)).toHaveLength(1)
  })

  test('sends, learns what became of it, and knows its own messages in answers', async () => {
    const { status, body } = await send({ text: 'Hello Ana' })
    expect(status).toBe(201)
    await untilStatus(body.id, 'delivered')
    const [taken] = meta.taken.filter(({ opaque }) => opaque !== undefined)
    expect(taken).toMatchObject({ to: ANA, type: 'text', content: { body: 'Hello Ana' } })
    meta.tellStatus(taken!, 'read')
    const sent = await untilStatus(body.id, 'read')

    const reaction = meta.write(
      NUMBER,
      { from: ANA },
      { type: 'reaction', reaction: { message_id: taken!.wamid, emoji: '👍' } },
    )
    expect((await untilReceived(reaction)).content).toMatchObject({
      target: { whatsappId: sent.whatsapp_id, fromMe: true },
      emoji: '👍',
    })
    const answer = await send({ text: 'an answer', quote: { id: body.id } })
    await untilStatus(answer.body.id, 'delivered')
    expect(meta.taken.at(-1)).toMatchObject({ answers: taken!.wamid })
  })

  test.each([
    ['location', { location: { latitude: -23.5, longitude: -46.6, name: 'MASP' } }],
    ['contacts', { contacts: [{ name: 'Bia', phoneNumber: '+5511999990003', vcard: 'BEGIN:VCARD' }] }],
    ['template', { template: { name: 'hello_world', language: 'en_US' } }],
    ['buttons', { choices: { text: 'Lunch?', buttons: [{ id: 'y', text: 'Yes' }] } }],
    ['list', { list: { text: 'Lunch?', button: 'Choose', sections: [{ rows: [{ id: 'y', text: 'Yes' }] }] } }],
  ])('sends %s as Meta takes it', async (type, content) => {
    const { whatsappId } = await session.addMessage(ANA, { type, ...content })
    const row = await until(async () =>
      (await session.messages()).find((one) => one.whatsapp_id === whatsappId && one.status === 'delivered'),
    )
    expect(row.error_code).toBeNull()
  })

  test.each([
    ['image', { id: 'x', mime_type: 'image/jpeg', caption: 'Our cat' }],
    ['interactive', { type: 'list_reply', list_reply: { id: 'y', title: 'Yes' } }],
    ['button', { payload: 'y', text: 'Yes' }],
    ['location', { latitude: 1, longitude: 2 }],
    ['order', { catalog_id: '1' }],
  ])('understands %s', async (type, content) => {
    const file = type === 'image' ? meta.addFile(Buffer.from('a cat'), 'image/jpeg') : {}
    const row = await untilReceived(meta.write(NUMBER, { from: ANA }, { type, [type]: { ...content, ...file } }))
    const types: Record<string, string> = { interactive: 'list_answer', button: 'button_answer', order: 'unsupported' }
    expect(row.type).toBe(types[type] ?? type)
    if (type !== 'image') return
    const stored = await until(async () =>
      (await session.messages()).find(({ id, content }) => id === row.id && content.media?.status === 'stored'),
    )
    expect(stored.content.media).toMatchObject({ size: 5, caption: 'Our cat' })
  })

  test('uploads files', async () => {
    const bytes = randomBytes(100_000)
    const mediaId = await session.addMedia(bytes, 'application/pdf')
    const { body } = await send({ type: 'document', media: { id: mediaId, fileName: 'invoice.pdf' } })
    await untilStatus(body.id, 'delivered')
    const { content } = meta.taken.at(-1)!
    expect(content).toMatchObject({ filename: 'invoice.pdf' })
    expect(meta.fileOf(String(content.id))?.equals(bytes)).toBe(true)
  })

  test('fails with what Meta says, tries again what was only too much, and knows the 24 hours', async () => {
    meta.refuseNext({ status: 400, code: 131_026 })
    const refused = await untilStatus((await send({ text: 'nobody there' })).body.id, 'failed')
    expect(refused.error_code).toBe('undeliverable')
    meta.refuseNext({ status: 429, code: 130_429 }, { status: 500, code: 131_016 })
    await untilStatus((await send({ text: 'too much' })).body.id, 'delivered')
    expect(meta.taken.filter(({ content }) => content.body === 'too much')).toHaveLength(1)

    const stranger = '5511999990009'
    const { whatsappId } = await session.addSend(stranger, 'long ago')
    const late = await until(async () =>
      (await session.messages()).find((one) => one.whatsapp_id === whatsappId && one.status === 'failed'),
    )
    expect(late.error_code).toBe('window_closed')
    meta.write(NUMBER, { from: stranger, at: Date.now() - 2 * DAY_MS }, { type: 'text', text: { body: 'long ago' } })
  })

  test('answers by itself, once, as it was told to', async () => {
    expect((await gateway.call('PUT /auto-reply', { text: 'Thank you!' })).body).toMatchObject({ strategy: 'static' })
    const repliesIn = async () => (await session.messages()).filter((row) => row.content.text === 'Thank you!')
    // It takes some seconds until the worker knows.
    await until(async () => {
      await untilReceived(write('Anybody there?'))
      return (await repliesIn()).length > 0 || undefined
    })
    const before = (await repliesIn()).length
    await untilReceived(write('And now?'))
    await untilReceived(write('each was told twice, and this one last'))
    const replies = await repliesIn()
    expect(replies).toHaveLength(before + 2)
    for (const { id } of replies) await untilStatus(id, 'delivered')
    expect(meta.taken.filter(({ content }) => content.body === 'Thank you!')).toHaveLength(replies.length)
  })

  test('a linked phone answers what is set for all of its tenant, once', async () => {
    const [phone, contact] = ['5511900000001', '5511900000002']
    await world.whatsapp.createPhone({ number: phone, name: 'Acme Support' })
    await world.whatsapp.createPhone({ number: contact, name: 'Bia' })
    await gateway.call('PUT /v1/auto-reply', { text: 'We are closed.' })
    const linked = await world.addSession('phone')
    await linked.place(worker)
    await linked.link(worker, phone)
    await world.whatsapp.sendText(contact, phone, 'Anybody there?')
    await linked.untilMessage('We are closed.', 'delivered')
    expect((await linked.messages()).map(({ content }) => content.text)).toEqual(['Anybody there?', 'We are closed.'])
    await linked.place(undefined)
  })

  test('a message that Meta took without an answer goes out once', async () => {
    meta.swallowAnswers = 1
    const { body } = await send({ text: 'swallowed' })
    await untilStatus(body.id, 'delivered')
    expect(meta.taken.filter(({ content }) => content.body === 'swallowed')).toHaveLength(1)
  })
})

/** Where it is not known whether Meta has a message ('send.marked'), a word of it is waited for: it takes a minute. */
const POINTS = process.env.BERTH_FULL
  ? (['receive.storing', 'receive.stored', 'send.marked', 'send.handed-over'] as const)
  : (['send.handed-over'] as const)

const PATIENCE_S = 150

describe('a worker that dies', () => {
  test.each(POINTS)(
    'at %s loses and doubles nothing',
    async (point) => {
      const pod = { name: `worker-${point.replace('.', '-')}`, podUid: crypto.randomUUID() }
      const environment = { ...(await world.environmentOf(pod)), PATH: process.env.PATH!, LOG_LEVEL: 'error' }
      const start = (more: Record<string, string> = {}): ChildProcess =>
        spawn(process.execPath, [MAIN], { env: { ...environment, ...more }, stdio: ['ignore', 'ignore', 'pipe'] })
      const victim = start({ BERTH_FAILPOINTS: `${point}=crash@1` })
      const exited = once(victim, 'exit')
      let words = ''
      victim.stderr!.setEncoding('utf8').on('data', (chunk) => (words += chunk))
      await session.place(pod)
      const text = `at ${point}`
      const id = write(text)
      const { whatsappId } = await session.addSend(ANA, `sent ${text}`)
      await exited
      expect(words).toContain(firedLine(point))

      const heir = start()
      try {
        await untilReceived(id)
        await until(
          async () =>
            (await session.messages()).find((row) => row.whatsapp_id === whatsappId && row.status === 'delivered'),
          PATIENCE_S,
        )
        const rows = await session.messages()
        expect(rows.filter((row) => row.whatsapp_id === id)).toHaveLength(1)
        const received = rows.filter(({ from_me, content }) => !from_me && content.text === text)
        expect(received).toHaveLength(1)
        expect(meta.taken.filter(({ opaque }) => opaque === whatsappId)).toHaveLength(1)
      } finally {
        const ended = once(heir, 'exit')
        heir.kill('SIGTERM')
        await ended
        await session.place(undefined)
      }
    },
    2 * PATIENCE_S * 1000,
  )
})
