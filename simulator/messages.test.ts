// 1:1 text with the unmodified Baileys, both ways, with receipts.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const ana = '5511911111111'
const bob = '5511922222222'
const rival = '5511933333333'
let world: World
let client: TestClient

beforeAll(async () => {
  world = await World.start({ Shop: shop, Ana: ana, Bob: bob, Rival: rival })
  client = await world.linked(shop)
})

afterAll(() => world.stop())

it('carries texts from the device to a contact, and receipts back', async () => {
  const first = await client.sendText(ana, 'hello')
  await until(() => client.status(first) >= 3, 'the delivered receipt')
  const second = await client.sendText(ana, 'again')
  await until(async () => (await world.api.messages(ana, shop)).length === 2, 'both messages')
  const seen = await world.api.messages(ana, shop)
  expect(seen.map(({ id, text, status }) => [id, text, status])).toEqual([
    [first, 'hello', 'received'],
    [second, 'again', 'received'],
  ])
  expect(await world.api.readChat(ana, shop)).toBe(2)
  await until(() => client.status(first) === 4 && client.status(second) === 4, 'the read receipts')
})

it("shows on the account's own phone what its device sent", async () => {
  const own = await world.api.messages(shop, ana)
  expect(own.map(({ direction, text, status }) => [direction, text, status])).toEqual([
    ['out', 'hello', 'read'],
    ['out', 'again', 'read'],
  ])
})

it('carries texts from a contact to the device, and receipts back', async () => {
  const id = await world.api.sendText(ana, shop, 'hi there')
  const message = await client.message(id)
  expect(message.message?.conversation).toBe('hi there')
  expect(message.pushName).toBe('Ana')
  const status = async () => (await world.api.messages(ana, shop)).find((sent) => sent.id === id)?.status
  await until(async () => (await status()) === 'delivered', 'the delivered receipt')
  await client.socket.readMessages([message.key])
  await until(async () => (await status()) === 'read', 'the read receipt')
  expect((await world.api.messages(shop, ana)).at(-1)).toMatchObject({
    direction: 'in',
    text: 'hi there',
    status: 'read',
  })
})

it('carries texts under the LID both ways', async () => {
  const { lid } = (await world.api.phones()).find((phone) => phone.number === bob)!
  const id = await world.api.sendText(bob, shop, 'who am I', 'lid')
  expect((await client.message(id)).key.remoteJid).toBe(`${lid}@lid`)
  const answer = await client.socket.sendMessage(`${lid}@lid`, { text: 'Bob' })
  await until(() => client.status(answer!.key.id!) >= 3, 'the delivered receipt')
  expect((await world.api.messages(bob, shop)).map(({ text }) => text)).toEqual(['who am I', 'Bob'])
})

it('carries texts between the devices of two accounts', async () => {
  const other = await world.linked(rival)
  const id = await client.sendText(rival, 'from device to device')
  const message = await other.message(id)
  expect(message.message?.extendedTextMessage?.text).toBe('from device to device')
  const answer = await other.socket.sendMessage(message.key.remoteJid!, { text: 'got it' })
  expect((await client.message(answer!.key.id!)).message?.extendedTextMessage?.text).toBe('got it')
  expect((await world.api.messages(shop, rival)).map(({ text }) => text)).toEqual(['from device to device', 'got it'])
})

it("shows the device what the account's own phone writes", async () => {
  const id = await world.api.sendText(shop, ana, 'written on the phone')
  const message = await client.message(id)
  expect(message.key).toMatchObject({ fromMe: true, remoteJid: `${ana}@s.whatsapp.net` })
  expect(message.message?.conversation).toBe('written on the phone')
})

it('lets an account write to itself', async () => {
  const id = await client.sendText(shop, 'a note')
  await until(async () => (await world.api.messages(shop, shop)).some((note) => note.id === id), 'the note')
})

it('asks the device for more one-time keys when few are left', async () => {
  const other = new DatabaseSync(join(world.folder, 'simulator.db'))
  other.exec('UPDATE device_pre_key SET taken_at = 1 WHERE id > 5')
  other.close()
  await world.api.createPhone({ number: '5511944444444', name: 'Carla' })
  await client.message(await world.api.sendText('5511944444444', shop, 'takes one of the last five'))
  const preKeys = async () => (await world.api.devices()).find(({ number }) => number === shop)!.preKeys
  await until(async () => (await preKeys()) >= 5, 'new keys')
})

it('refuses a message to a number that is not on WhatsApp', async () => {
  const acks: Record<string, string>[] = []
  client.socket.ws.on('CB:ack,class:message', (ack: { attrs: Record<string, string> }) => acks.push(ack.attrs))
  const stranger = '5511999999999@s.whatsapp.net'
  await client.socket.sendNode({ tag: 'message', attrs: { id: 'STRANGER', to: stranger, type: 'text' } })
  const ack = await until(() => acks.find(({ id }) => id === 'STRANGER'), 'the ack')
  expect(ack.error).toBe('404')
})

it('counts every message in the ledger, once', async () => {
  await until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
  const messages = await world.api.ledgerMessages({ number: shop })
  const [out, inside] = ['from-device', 'to-device'].map((way) => messages.filter(({ direction }) => direction === way))
  expect(out!.map(({ counts }) => counts.received)).toEqual(out!.map(() => 1))
  expect(inside!.map(({ counts }) => [counts.queued, counts.sent])).toEqual(inside!.map(() => [1, 1]))
  expect(inside!.every(({ counts, connections }) => counts.delivered === 1 && connections.length === 1)).toBe(true)
})

it('leaves no fault', async () => {
  expect(await world.api.faults()).toEqual([])
})
