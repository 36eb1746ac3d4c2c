/** Conversations and contacts as customers read them. */
import { randomUUID } from 'node:crypto'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FakeWorker } from './fake-worker.ts'
import { type TestTenant, World } from './world.ts'

const ANA = { phone: '+5511999990002', chat: '5511999990002@s.whatsapp.net', lid: '210987654321@lid' }
const BOB = { phone: '+5511999990003', chat: '5511999990003@s.whatsapp.net' }
const GROUP = '120363041234567890@g.us'
const T0 = Date.now() - 60_000

let world: World
let acme: TestTenant
let session: string
let worker: FakeWorker

beforeAll(async () => {
  world = await World.start()
  acme = await world.addTenant('acme')
  ;({ id: session, worker } = await world.addConnected(acme, 'support'))
  await receive({ chat: ANA.lid, senderLid: ANA.lid, senderName: 'Ana', content: { text: 'one' }, sentAt: at(1) })
  await receive({ chat: BOB.chat, senderPhone: BOB.phone, senderName: '50% Bob', sentAt: at(2) })
  await receive({ chat: GROUP, senderPhone: BOB.phone, sentAt: at(3) })
  await receive({ chat: ANA.lid, senderLid: ANA.lid, content: { text: 'two' }, sentAt: at(4) })
})
afterAll(() => world.close())

const at = (second: number) => new Date(T0 + second * 1000)
const receive = (message: Partial<ReceivedMessage>) =>
  worker.write(session, {
    received: [
      {
        ciphertextHash: randomUUID(),
        message: {
          id: randomUUID(),
          chat: ANA.chat,
          whatsappId: randomUUID(),
          fromMe: false,
          type: 'text',
          content: { text: 'hello' },
          status: 'received',
          sentAt: new Date(),
          ...message,
        },
      },
    ],
  })
const get = async (path: string) => (await world.call(acme, `GET /v1/sessions/support/${path}`)).body
const chats = async (query = '') => (await get(`conversations${query}`)).data.map(({ chat }: { chat: string }) => chat)

test('the latest conversation comes first, with its last message and what is unread', async () => {
  const { data } = await get('conversations')
  expect(data).toMatchObject([
    { chat: ANA.lid, group: false, name: 'Ana', unread: 2, lastMessage: { text: 'two' }, window: { open: true } },
    { chat: GROUP, group: true, unread: 1 },
    { chat: BOB.chat, phoneNumber: BOB.phone, unread: 1, lastActivityAt: at(2).toISOString() },
  ])
})

test('pages go on where the last one ended', async () => {
  const found: string[] = []
  let cursor = ''
  for (;;) {
    const { data, nextCursor } = await get(`conversations?limit=1${cursor && `&cursor=${cursor}`}`)
    found.push(...data.map(({ chat }: { chat: string }) => chat))
    if (nextCursor === null) break
    cursor = nextCursor
  }
  expect(found).toEqual([ANA.lid, GROUP, BOB.chat])
})

test('filters', async () => {
  await worker.write(session, { chats: [{ chat: BOB.chat, archived: true }] })
  expect(await chats('?group=true')).toEqual([GROUP])
  expect(await chats('?group=false&archived=false')).toEqual([ANA.lid])
  expect(await chats('?unread=false')).toEqual([])
  expect((await world.call(acme, 'GET /v1/sessions/support/conversations?unread=maybe')).status).toBe(422)
})

test('somebody whose number becomes known is found by it, and by the LID still', async () => {
  await worker.write(session, { people: [{ phone: ANA.phone, lid: ANA.lid, savedName: 'Ana Silva' }] })
  for (const address of [ANA.phone, ANA.chat, ANA.lid]) {
    expect(await get(`conversations/${encodeURIComponent(address)}`)).toMatchObject({ chat: ANA.chat, unread: 2 })
    const { data } = await get(`messages?chat=${encodeURIComponent(address)}`)
    expect(data.map(({ chat, text }: { chat: string; text: string }) => [chat, text])).toEqual([
      [ANA.chat, 'two'],
      [ANA.chat, 'one'],
    ])
  }
  expect((await get('contacts?search=silva')).data).toEqual([
    {
      id: ANA.chat,
      phoneNumber: ANA.phone,
      lid: ANA.lid,
      name: 'Ana Silva',
      pushName: 'Ana',
      savedName: 'Ana Silva',
      lastMessageAt: at(4).toISOString(),
    },
  ])
  expect((await get('contacts?search=0% b')).data).toMatchObject([{ id: BOB.chat }])
  expect((await get('contacts?search=%2B55119999900')).data).toHaveLength(2)
})

test('what was marked as read through the API is read when WhatsApp was told', async () => {
  const { data } = await get(`messages?chat=${encodeURIComponent(ANA.phone)}`)
  const asked = await world.call(acme, `POST /v1/sessions/support/messages/${data[0].id}/read`)
  expect(asked.status).toBe(202)
  await worker.write(session, { commands: [{ id: asked.body.id, status: 'done' }] })
  expect(await get(`conversations/${ANA.chat}`)).toMatchObject({ unread: 0 })
})

test('a conversation that is none says so', async () => {
  const answer = await world.call(acme, 'GET /v1/sessions/support/conversations/+5511999990099')
  expect([answer.status, answer.body.code]).toEqual([404, 'conversation_not_found'])
})
