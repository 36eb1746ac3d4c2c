/** A number of the Cloud API through everything that is ours: gateway, database, worker; Meta is the stand-in. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { firedLine } from '@berth/core/failpoint/failpoint.ts'
import { CloudApi } from '@berth/simulator/cloud-api/server.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MessageRow, TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'
import { startGateway, type WorldGateway } from './world-gateway.ts'

const MAIN = fileURLToPath(import.meta.resolve('@berth/worker/main.ts'))
const APP_SECRET = 'secret of the test app'
const NUMBER = '106540352242922'
const ANA = '5511999990002'
const DAY_MS = 24 * 3_600_000
const COMPOSING = { presence: 'composing' }

let meta: CloudApi
let world: World
let gateway: WorldGateway
let session: TestSession

beforeAll(async () => {
  meta = await CloudApi.start({ times: 2 })
  world = await World.start(meta.url)
  session = await world.addSession('support', 'CloudAPI')
  gateway = await startGateway(world, { verifyToken: 'token', appSecret: APP_SECRET })
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
const write = (text: string, who: { from?: string; at?: number } = {}) =>
  meta.write(NUMBER, { from: ANA, name: 'Ana', ...who }, { type: 'text', text: { body: text } })
const send = (body: object) => gateway.call('POST /messages', { to: `+${ANA}`, ...body })

/** The message with our id, once it has this status. */
const untilStatus = (id: string, status: string): Promise<MessageRow> =>
  until(async () => (await session.messages()).find((row) => row.id === id && row.status === status))
const untilReceived = (whatsappId: string): Promise<MessageRow> =>
  until(async () => (await session.messages()).find((row) => row.whatsapp_id === whatsappId))

/** What Meta has told before is durable: the second message is read after the batch of the first one is done with. */
async function untilDealtWith(): Promise<void> {
  await meta.webhooks.told()
  for (const text of ['a mark', 'another']) await untilReceived(write(text))
}

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

    const { whatsappId } = await session.addSend('5511999990009', 'never wrote')
    const late = await until(async () =>
      (await session.messages()).find((one) => one.whatsapp_id === whatsappId && one.status === 'failed'),
    )
    expect(late.error_code).toBe('window_closed')
  })

  test('a day after the last message of a contact only a template goes, until they write again', async () => {
    const bia = '5511999990008'
    const to = `+${bia}`
    await untilReceived(write('yesterday', { from: bia, at: Date.now() - DAY_MS - 60_000 }))
    const refused = await gateway.call('POST /messages', { to, text: 'too late' })
    expect([refused.status, refused.body.code]).toEqual([409, 'window_closed'])
    const template = { name: 'hello_world', language: 'en_US' }
    const sent = await gateway.call('POST /messages', { to, type: 'template', template })
    expect(sent.status).toBe(201)
    await untilStatus(sent.body.id, 'delivered')
    await untilReceived(write('here again', { from: bia }))
    await untilStatus((await gateway.call('POST /messages', { to, text: 'welcome back' })).body.id, 'delivered')
    expect(meta.taken.filter((one) => one.to === bia).map(({ type }) => type)).toEqual(['template', 'text'])
  })

  test('tells Meta what was read, and that somebody types', async () => {
    const id = write('Are you there?')
    const row = await untilReceived(id)
    const { status, body: command } = await gateway.call(`POST /messages/${row.id}/read`)
    expect(status).toBe(202)
    await until(async () => (await gateway.call(`GET /commands/${command.id}`)).body.status === 'done' || undefined)
    expect(meta.read).toEqual([{ phoneNumberId: NUMBER, wamid: id, typing: false }])
    const type = (chat: string) => gateway.call(`PUT /chats/${encodeURIComponent(chat)}/presence`, COMPOSING)
    expect(await type(`+${ANA}`)).toEqual({ status: 200, body: COMPOSING })
    expect(meta.read.at(-1)).toEqual({ phoneNumberId: NUMBER, wamid: id, typing: true })
    const nobody = await type('+5511999990007')
    expect([nobody.status, nobody.body.code]).toEqual([409, 'whatsapp_refused'])
  })

  test('a message that fails after it was sent has failed, unless it comes through after all', async () => {
    meta.untold = 1
    const { body } = await send({ text: 'taken, and given up' })
    const taken = await until(() => meta.taken.find(({ content }) => content.body === 'taken, and given up'))
    meta.tellStatus(taken, 'sent')
    await untilStatus(body.id, 'sent')
    meta.tellStatus(taken, 'failed', 131_049)
    expect(await untilStatus(body.id, 'failed')).toMatchObject({ error_code: 'limited' })
    meta.tellStatus(taken, 'sent')
    await untilDealtWith()
    const { body: failed } = await gateway.call(`GET /messages/${body.id}`)
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'limited' } })
    const reached = failed.timeline.map(({ status }: { status: string }) => status)
    expect(reached).toEqual(['queued', 'sending', 'sent', 'failed'])
    meta.tellStatus(taken, 'delivered')
    expect(await untilStatus(body.id, 'delivered')).toMatchObject({ error_code: null })
    meta.tellStatus(taken, 'failed', 131_049)
    await untilDealtWith()
    expect((await session.messages()).find(({ id }) => id === body.id)).toMatchObject({ status: 'delivered' })
    const told = await until(async () => {
      const statuses = await gateway.statusesTold(body.id)
      return statuses.includes('delivered') ? statuses : undefined
    })
    expect(told).toEqual(['sent', 'failed', 'delivered'])
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
