/** Conversations of a session as the phone and its contacts make them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'

const PHONE = '5511900000001'
const CONTACT = '5511900000002'
const CHAT = `${CONTACT}@s.whatsapp.net`

let world: World
let worker: TestWorker
let session: TestSession
let group: string

beforeAll(async () => {
  world = await World.start()
  for (const number of [PHONE, CONTACT]) await world.whatsapp.createPhone({ number, name: number })
  group = (await world.whatsapp.createGroup({ subject: 'Friends', members: [PHONE, CONTACT] })).id
  worker = await world.startWorker()
  session = await world.addSession('support')
  await session.place(worker)
  await session.link(worker, PHONE)
})
afterAll(async () => {
  expect(await world.whatsapp.faults()).toEqual([])
  await world.close()
})

const untilUnread = (wanted: Record<string, number>) =>
  until(async () => {
    const found = Object.fromEntries((await session.conversations()).map(({ chat, unread }) => [chat, unread]))
    return JSON.stringify(found) === JSON.stringify(wanted) || undefined
  })

test('what comes in is unread until it is read on the phone', async () => {
  for (const text of ['one', 'two']) await world.whatsapp.sendText(CONTACT, PHONE, text)
  await world.whatsapp.sendText(CONTACT, group, 'all')
  await untilUnread({ [group]: 1, [CHAT]: 2 })
  await world.whatsapp.readChat(PHONE, CONTACT)
  await untilUnread({ [group]: 1, [CHAT]: 0 })
  await world.whatsapp.readChat(PHONE, group)
  await untilUnread({ [group]: 0, [CHAT]: 0 })
  await world.whatsapp.sendText(CONTACT, PHONE, 'three')
  await untilUnread({ [group]: 0, [CHAT]: 1 })
})

test('a chat that is muted on the phone is so here', async () => {
  await world.whatsapp.tellDevices(PHONE, 'app-state-key')
  await world.whatsapp.mute(PHONE, CONTACT)
  await until(
    async () =>
      (await session.conversations()).some(({ chat, muted_until }) => chat === CHAT && muted_until) || undefined,
  )
})

test('what contacts write while the session is down, and while it moves, is there once and in order', async () => {
  const texts = Array.from({ length: 30 }, (_, i) => `text ${i}`)
  const next = async (count: number) => {
    for (const text of texts.splice(0, count)) await world.whatsapp.sendText(CONTACT, PHONE, text)
  }
  const all = [...texts]
  await next(5)
  await session.place(undefined)
  await next(5)
  const other = await world.startWorker()
  await session.place(other)
  await next(5)
  await worker.stop()
  await next(5)
  await session.place(await world.startWorker())
  await next(10)
  await session.untilMessage(all.at(-1)!)
  const stored = (await session.messages()).flatMap(({ content }) =>
    content.text?.startsWith('text ') ? [content.text] : [],
  )
  expect(stored).toEqual(all)
  await untilUnread({ [group]: 0, [CHAT]: 31 })
})
