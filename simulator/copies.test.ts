// Messages between two accounts that each have a phone and two linked devices: everybody gets a copy, once.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const rival = '5511900000002'
const at = (number: string) => `${number}@s.whatsapp.net`
let world: World
let group: string
const clients: Record<string, TestClient[]> = {}

beforeAll(async () => {
  world = await World.start({ Shop: shop, Rival: rival })
  group = (await world.api.createGroup({ subject: 'Both', members: [shop, rival] })).id
  for (const number of [shop, rival]) {
    clients[number] = [await world.linked(number), await world.linked(number)]
  }
})

afterAll(() => world.stop())

const acknowledged = () => until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
const textsOf = (client: TestClient, id: string) =>
  client.messages
    .filter(({ key }) => key.id === id)
    .map(({ key, message }) => [key.fromMe, message?.conversation || message?.extendedTextMessage?.text])

/** What each phone and each device made of the message. */
async function copies(id: string, chatOf: (number: string) => string) {
  await acknowledged()
  // A device acknowledges a message shortly before it tells of it.
  for (const client of Object.values(clients).flat()) await client.message(id)
  const found: Record<string, unknown> = {}
  for (const [number, [first, second]] of Object.entries(clients)) {
    const shown = (await world.api.messages(number, chatOf(number))).filter((message) => message.id === id)
    const onPhone = shown.map(({ direction, text }) => [direction === 'out', text])
    found[number] = { onPhone, first: textsOf(first!, id), second: textsOf(second!, id) }
  }
  return found
}

it.each([
  { from: shop, to: rival },
  { from: rival, to: shop },
])('$from writes to $to', async ({ from, to }) => {
  for (const [index, writer] of clients[from]!.entries()) {
    const id = await writer.sendText(to, `from device ${index}`)
    await until(() => writer.status(id) >= 3, 'the delivered receipt')
    const [mine, theirs] = [[[true, `from device ${index}`]], [[false, `from device ${index}`]]]
    expect(await copies(id, (number) => (number === from ? to : from))).toEqual({
      [from]: { onPhone: mine, first: mine, second: mine },
      [to]: { onPhone: theirs, first: theirs, second: theirs },
    })
    const copy = clients[from]![1 - index]!.messages.find(({ key }) => key.id === id)
    expect(copy?.key).toMatchObject({ remoteJid: at(to), fromMe: true })
  }
})

it.each([shop, rival])('%s writes to a group of both', async (from) => {
  const to = from === shop ? rival : shop
  for (const [index, writer] of clients[from]!.entries()) {
    const id = (await writer.socket.sendMessage(group, { text: `to all from device ${index}` }))!.key.id!
    await until(async () => (await world.api.messages(to, group)).some((message) => message.id === id), 'the message')
    const [mine, theirs] = [[[true, `to all from device ${index}`]], [[false, `to all from device ${index}`]]]
    expect(await copies(id, () => group)).toEqual({
      [from]: { onPhone: mine, first: mine, second: mine },
      [to]: { onPhone: theirs, first: theirs, second: theirs },
    })
  }
})

it.each([
  ['to the other account', () => rival],
  ['to a group', () => group],
])('the phone of an account writes %s', async (_, to) => {
  const id = await world.api.sendText(shop, to(), 'from the phone')
  const [mine, theirs] = [[[true, 'from the phone']], [[false, 'from the phone']]]
  const chatOf = (number: string) => (to() === group ? group : number === shop ? rival : shop)
  expect(await copies(id, chatOf)).toEqual({
    [shop]: { onPhone: mine, first: mine, second: mine },
    [rival]: { onPhone: theirs, first: theirs, second: theirs },
  })
})

it('what is read on the phone or on one device is read on all', async () => {
  const [first, second] = clients[shop]! as [TestClient, TestClient]
  const onDevice = await world.api.sendText(rival, shop, 'read on a device')
  await first.socket.readMessages([(await first.message(onDevice)).key])
  await until(() => second.status(onDevice) === 4, 'the second device to know')
  await until(async () => (await world.api.messages(shop, rival)).at(-1)?.status === 'read', 'the phone to know')
  const onPhone = await world.api.sendText(rival, shop, 'read on the phone')
  for (const client of [first, second]) await client.message(onPhone)
  await world.api.readChat(shop, rival)
  for (const client of [first, second]) await until(() => client.status(onPhone) === 4, 'the devices to know')
  expect((await world.api.messages(rival, shop)).at(-1)).toMatchObject({ id: onPhone, status: 'read' })
})

it('leaves no fault', async () => {
  expect(await world.api.faults()).toEqual([])
})
