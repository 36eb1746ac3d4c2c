// Who is on line and who is typing, with the unmodified Baileys on both sides.
import type { PresenceData } from '@whiskeysockets/baileys'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const rival = '5511900000002'
const ana = '5511911111111'
const at = (number: string) => `${number}@s.whatsapp.net`
let world: World
let client: TestClient
let other: TestClient
/** What the shop's device was told: chat, who, what. */
const told: { chat: string; who: string; presence: PresenceData }[] = []

beforeAll(async () => {
  world = await World.start({ Shop: shop, Rival: rival, Ana: ana })
  client = await world.linked(shop)
  other = await world.linked(rival)
  client.socket.ev.on('presence.update', ({ id, presences }) => {
    for (const [who, presence] of Object.entries(presences)) told.push({ chat: id, who, presence })
  })
})

afterAll(() => world.stop())

const shown = (number: string) => world.api.presence(number)
const hears = (chat: string, what: PresenceData['lastKnownPresence']) =>
  until(
    () => told.findLast((one) => one.chat === chat && one.presence.lastKnownPresence === what),
    `${chat} to be ${what}`,
  )

it('tells who asked when a phone is in the hand and when it was laid down', async () => {
  await client.socket.presenceSubscribe(at(ana))
  expect((await hears(at(ana), 'unavailable')).presence.lastSeen).toBeUndefined()
  await world.api.showPhone(ana, true)
  await hears(at(ana), 'available')
  expect(await shown(ana)).toMatchObject({ online: true })
  told.length = 0
  await world.api.showPhone(ana, false)
  expect((await hears(at(ana), 'unavailable')).presence.lastSeen).toBeGreaterThan(Date.now() / 1000 - 60)
})

it('tells what a device says of itself, until it is gone', async () => {
  const { lid } = (await world.api.phones()).find(({ number }) => number === rival)!
  await client.socket.presenceSubscribe(`${lid}@lid`)
  expect(await shown(rival)).toEqual({ online: false, lastSeen: null, activities: [] })
  await other.socket.sendPresenceUpdate('available')
  await hears(`${lid}@lid`, 'available')
  told.length = 0
  other.end()
  await hears(`${lid}@lid`, 'unavailable')
  expect((await shown(rival)).online).toBe(false)
  other = await world.login(other.auth)
})

it('shows typing to devices that are available, and to no other', async () => {
  await world.api.act(ana, { chat: shop, activity: 'composing' })
  await client.socket.sendPresenceUpdate('available')
  await until(async () => (await shown(shop)).online, 'the device to be available')
  // In the order of the line: had the first one been told, it would come before these.
  told.length = 0
  await world.api.act(ana, { chat: shop, activity: 'recording' })
  await hears(at(ana), 'recording')
  expect(told.map(({ presence }) => presence.lastKnownPresence)).toEqual(['recording'])
  await world.api.act(ana, { chat: shop, activity: 'composing' })
  await hears(at(ana), 'composing')
  // Baileys says it so when somebody stops.
  told.length = 0
  await world.api.act(ana, { chat: shop, activity: 'paused' })
  await hears(at(ana), 'available')
})

it('shows to people and to other devices what a device types', async () => {
  const changes = world.api.events(AbortSignal.timeout(20_000))
  const heard = (async () => {
    for await (const event of changes) if (event.type === 'presence' && event.number === rival) return event
  })()
  // The stream is open once another request on the same server, sent later, is answered.
  await world.api.info()
  await other.socket.sendPresenceUpdate('composing', at(shop))
  await hears(at(rival), 'composing')
  expect(await heard).toEqual({ type: 'presence', number: rival })
  expect((await shown(rival)).activities).toMatchObject([{ chat: shop, device: 1, activity: 'composing' }])
  await other.socket.sendPresenceUpdate('recording', at(ana))
  await until(async () => (await shown(rival)).activities.length === 2, 'both chats')
  // A message ends it as well as a word.
  await other.sendText(ana, 'what I have typed')
  await other.socket.sendPresenceUpdate('paused', at(shop))
  await until(async () => (await shown(rival)).activities.length === 0, 'neither')
})

it('names who types in a group', async () => {
  const { id } = await world.api.createGroup({ subject: 'Neighbours', members: [ana, shop, rival] })
  await world.api.act(ana, { chat: id, activity: 'composing' })
  const { lid } = (await world.api.phones()).find(({ number }) => number === ana)!
  expect((await hears(id, 'composing')).who).toBe(`${lid}@lid`)
  await other.socket.sendPresenceUpdate('recording', id)
  expect((await hears(id, 'recording')).who).not.toBe(`${lid}@lid`)
  const strangers = await world.api.createGroup({ subject: 'Others', members: [ana] })
  await expect(world.api.act(rival, { chat: strangers.id, activity: 'composing' })).rejects.toMatchObject({
    code: 'not_a_member',
  })
})

it('leaves no fault', async () => {
  expect(await world.api.faults()).toEqual([])
})
