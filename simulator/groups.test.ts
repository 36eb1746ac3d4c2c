// Groups with the unmodified Baileys: members are phones, some with a linked device, two of them devices of ours.
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { FaultKind } from './state/faults.ts'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const rival = '5511900000002'
const ana = '5511911111111'
const bob = '5511922222222'
const carla = '5511933333333'
let world: World
let group: string
let client: TestClient
let other: TestClient

beforeAll(async () => {
  world = await World.start({ Shop: shop, Rival: rival, Ana: ana, Bob: bob, Carla: carla })
  group = (await world.api.createGroup({ subject: 'Neighbours', members: [ana, bob, shop, rival] })).id
  client = await world.linked(shop)
  other = await world.linked(rival)
})

afterAll(() => world.stop())
beforeEach(() => world.api.clearFaults())

const write = async (from: TestClient, text: string) => (await from.socket.sendMessage(group, { text }))!.key.id!
const textOf = (from: TestClient, id: string) => {
  const found = from.messages.find(({ key, message }) => key.id === id && message)?.message
  return found?.conversation || found?.extendedTextMessage?.text
}
const arrived = (at: TestClient, id: string) => until(() => textOf(at, id), `message ${id}`)
const shown = async (number: string, id: string) =>
  (await world.api.messages(number, group)).find((message) => message.id === id)
const acknowledged = () => until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
const noticed = (kind: FaultKind) => until(async () => (await world.api.faults(kind))[0], `a fault ${kind}`)
const lidOf = async (number: string) => (await world.api.phones()).find((phone) => phone.number === number)!.lid
const noFaults = async () => {
  await acknowledged()
  expect(await world.api.faults()).toEqual([])
}

/** Takes away what the client stored under keys that begin so. */
function forget(from: TestClient, prefix: string): void {
  for (const key of from.auth.rows.keys()) if (key.startsWith(prefix)) from.auth.rows.delete(key)
}

it('tells members who is in the group', async () => {
  const { subject, addressingMode, participants, owner } = await client.socket.groupMetadata(group)
  expect({ subject, addressingMode, owner }).toEqual({
    subject: 'Neighbours',
    addressingMode: 'lid',
    owner: `${await lidOf(ana)}@lid`,
  })
  expect(participants.map(({ phoneNumber }) => phoneNumber)).toEqual(
    [ana, bob, shop, rival].map((number) => `${number}@s.whatsapp.net`),
  )
  expect(Object.keys(await client.socket.groupFetchAllParticipating())).toEqual([group])
  expect(await world.api.group(group)).toMatchObject({ members: [ana, bob, shop, rival] })
})

it('carries what a device writes to every member, and their receipts back', async () => {
  const told = new Set<string>()
  client.socket.ev.on('message-receipt.update', (updates) => {
    for (const { key, receipt } of updates) told.add(`${key.id} ${receipt.userJid}`)
  })
  // Baileys merges a receipt into the message's own upsert when it still holds that back.
  const isTold = (id: string, from: string) =>
    told.has(`${id} ${from}`) ||
    client.messages.some(
      ({ key, userReceipt }) => key.id === id && userReceipt?.some(({ userJid }) => userJid === from),
    )
  const ids = [await write(client, 'hello all'), await write(client, 'hello again')]
  for (const id of ids) await arrived(other, id)
  for (const number of [ana, bob, rival]) {
    for (const id of ids) await until(() => shown(number, id), 'the message')
    expect((await world.api.messages(number, group)).map(({ sender, text }) => [sender, text])).toEqual([
      [shop, 'hello all'],
      [shop, 'hello again'],
    ])
    const from = `${await lidOf(number)}@lid`
    await until(() => ids.every((id) => isTold(id, from)), `the receipts of ${number}`)
  }
  expect(await shown(shop, ids[0]!)).toMatchObject({ direction: 'out', sender: shop })
  await noFaults()
})

it('counts a message at each member', async () => {
  const id = await write(client, 'to be counted')
  await arrived(other, id)
  await acknowledged()
  const entries = await world.api.ledgerMessages({ message: id })
  const at = (direction: string, peer: string) =>
    entries.find((one) => one.direction === direction && one.peer === peer)
  expect(at('from-device', group)?.counts).toEqual({ submitted: 1 })
  for (const number of [ana, bob]) expect(at('from-device', number)?.counts).toEqual({ received: 1, delivered: 1 })
  // Its phone and its device.
  expect(at('from-device', rival)?.counts).toEqual({ received: 1, delivered: 2 })
  expect(at('to-device', shop)).toMatchObject({ number: rival, counts: { queued: 1, sent: 1, delivered: 1 } })
})

it('carries what a phone writes to the devices, and their receipts back', async () => {
  const ids = [await world.api.sendText(ana, group, 'one'), await world.api.sendText(ana, group, 'two')]
  for (const id of ids) for (const member of [client, other]) await arrived(member, id)
  const { key, pushName } = await client.message(ids[1]!)
  expect(key).toMatchObject({ remoteJid: group, participant: `${await lidOf(ana)}@lid`, fromMe: false })
  expect(pushName).toBe('Ana')
  await until(async () => (await shown(ana, ids[1]!))?.status === 'delivered', 'the delivered receipt')
  await client.socket.readMessages([key])
  await until(async () => (await shown(ana, ids[1]!))?.status === 'read', 'the read receipt')
  expect((await shown(bob, ids[0]!))?.sender).toBe(ana)
  await noFaults()
})

it("shows the device what the account's own phone writes, and a read receipt of a member", async () => {
  const id = await world.api.sendText(shop, group, 'written on the phone')
  await arrived(client, id)
  expect((await client.message(id)).key.fromMe).toBe(true)
  expect(await world.api.readChat(bob, group)).toBeGreaterThan(0)
  await until(async () => (await shown(shop, id))?.status === 'read', 'the read receipt')
  await noFaults()
})

it('carries texts between the devices of two members', async () => {
  const id = await write(other, 'from device to device')
  expect(await arrived(client, id)).toBe('from device to device')
  expect((await shown(ana, id))?.sender).toBe(rival)
  await noFaults()
})

it('keeps what a device missed, through its own restart', async () => {
  await world.restart()
  await Promise.all([client.closed(), other.closed()])
  client = await world.login(client.auth)
  const ids = [await world.api.sendText(ana, group, 'while away'), await write(client, 'also')]
  await until(() => shown(rival, ids[1]!), 'the second')
  await world.restart()
  other = await world.login(other.auth)
  for (const id of ids) await arrived(other, id)
  expect(other.upserts.every(({ type }) => type === 'append')).toBe(true)
  await client.closed()
  client = await world.login(client.auth)
  expect(await arrived(other, await write(client, 'and on it goes'))).toBe('and on it goes')
  await noFaults()
})

it('retry-requested: a device lost the key of a phone, which sends again with its key', async () => {
  forget(client, `sender-key/${group}::${await lidOf(ana)}`)
  const id = await world.api.sendText(ana, group, 'can you read this?')
  expect(await noticed('retry-requested')).toMatchObject({ number: shop, message: id })
  expect(await arrived(client, id)).toBe('can you read this?')
  await arrived(client, await world.api.sendText(ana, group, 'and this?'))
  await acknowledged()
  expect(await world.api.faults()).toHaveLength(1)
})

it('retry-requested: a device lost the key of another one, which sends again', async () => {
  forget(other, `sender-key/${group}::${await lidOf(shop)}`)
  const id = await write(client, 'can you read this?')
  expect(await noticed('retry-requested')).toMatchObject({ number: rival, message: id })
  expect(await arrived(other, id)).toBe('can you read this?')
  await acknowledged()
})

it('no-recipients: a device gives its new key to nobody; who asks gets it', async () => {
  await arrived(other, await write(client, 'under a key that all have'))
  forget(client, `sender-key/${group}::${await lidOf(shop)}`)
  const id = await write(client, 'under a new key')
  expect((await noticed('no-recipients')).message).toBe(id)
  for (const number of [ana, bob, rival]) await until(() => shown(number, id), `the message at ${number}`)
  await acknowledged()
})

it('counter-reuse: a sender key that went back', async () => {
  const prefix = `sender-key/${group}::${await lidOf(shop)}`
  const key = [...client.auth.rows.keys()].find((row) => row.startsWith(prefix))!
  const before = client.auth.rows.get(key)!
  await until(async () => shown(ana, await write(client, 'under a key')), 'the first')
  client.auth.rows.set(key, before)
  const id = await write(client, 'under the same key')
  expect((await noticed('counter-reuse')).message).toBe(id)
  await until(() => shown(ana, id), 'the message')
  await acknowledged()
})

it('refuses a group that is not there, and those who are not in it', async () => {
  const acks: Record<string, string>[] = []
  client.socket.ws.on('CB:ack,class:message', (ack: { attrs: Record<string, string> }) => acks.push(ack.attrs))
  const strangers = (await world.api.createGroup({ subject: 'Others', members: [ana, carla] })).id
  for (const [id, to] of [
    ['OTHERS', strangers],
    ['NOWHERE', '120363999999999999@g.us'],
  ] as const) {
    await client.socket.sendNode({ tag: 'message', attrs: { id, to, type: 'text' } })
  }
  await until(() => acks.length === 2, 'the acks')
  expect(acks.map(({ id, error }) => [id, error])).toEqual([
    ['OTHERS', '403'],
    ['NOWHERE', '404'],
  ])
  await expect(client.socket.groupMetadata(strangers)).rejects.toThrow('forbidden')
  await expect(world.api.sendText(bob, strangers, 'hi')).rejects.toMatchObject({ code: 'not_a_member' })
  await expect(world.api.sendText(bob, '1@g.us', 'hi')).rejects.toMatchObject({ code: 'group_not_found' })
  await expect(world.api.createGroup({ subject: 'x', members: ['5511900009999'] })).rejects.toMatchObject({
    code: 'phone_not_found',
  })
})
