// What a device is told besides messages, and what it does with it: notices, and messages from its own phone.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const ana = '5511911111111'
let world: World
let client: TestClient
let device: number

beforeEach(async () => {
  world = await World.start({ Shop: shop, Ana: ana })
  client = await world.linked(shop)
  device = (await world.api.devices())[0]!.device
})

afterEach(async () => {
  expect(await world.api.faults()).toEqual([])
  await world.stop()
})

const counts = async (id: string) => (await world.api.ledgerMessages({ message: id }))[0]?.counts
const acknowledged = () => until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
const arrived = async (text: string) => {
  const id = await client.sendText(ana, text)
  await until(async () => (await counts(id))?.submitted, `"${text}"`)
  return id
}

it('tells of a new device of a contact, which then gets the messages, and of one that is gone', async () => {
  await arrived('to the phone alone')
  const companion = await world.api.linkCompanion(ana)
  await until(
    async () => (await world.api.devices()).find((one) => one.number === shop)?.queued.notification === 0,
    'ack',
  )
  const reached = async (id: string) =>
    (await world.api.ledgerMessages({ message: id })).some(
      (one) => one.number === ana && one.device === companion.device,
    )
  expect(await reached(await arrived('to both'))).toBe(true)
  await world.api.force(ana, companion.device, 'logout')
  await acknowledged()
  expect(await reached(await arrived('to the phone again'))).toBe(false)
})

it('owes a notice until it is acknowledged, over a login', async () => {
  client.end()
  await until(async () => !(await world.api.devices())[0]!.online, 'the device to be off line')
  const id = await world.api.notify(shop, device, { kind: 'disappearing-mode' })
  expect(await counts(id)).toEqual({ queued: 1 })
  const again = await world.login(client.auth)
  await acknowledged()
  expect(await counts(id)).toEqual({ queued: 1, sent: 1, delivered: 1 })
  expect(again.auth.creds.accountSettings.defaultDisappearingMode).toMatchObject({ ephemeralExpiration: 86_400 })
})

it('gives a token, which the device shows in its next message', async () => {
  await arrived('without a token')
  await world.api.notify(shop, device, { kind: 'privacy-token', contact: ana })
  await acknowledged()
  await arrived('with it')
  const [token] = (await world.api.knowledge(shop, device)).privacyTokens
  expect(token).toMatchObject({ contact: ana, shown: token!.given })
})

it('tells of a new identity: the device begins a new session; and of a call', async () => {
  await arrived('in the first session')
  const { lid } = (await world.api.phones()).find(({ number }) => number === ana)!
  const session = () => client.auth.rows.get(`session/${lid}_1.0`)
  const before = session()
  await world.api.notify(shop, device, { kind: 'identity', contact: ana })
  await world.api.notify(shop, device, { kind: 'call', contact: ana })
  await acknowledged()
  expect(before).toBeDefined()
  expect(session()).not.toBe(before)
  await arrived('in the second session')
})

it('a phone wants a message again and gets it under the same id', async () => {
  const id = await arrived('once more, please')
  await world.api.requestAgain(ana, shop, id)
  await until(async () => (await counts(id))?.submitted === 2, 'the message again')
  expect((await world.api.messages(ana, shop)).map(({ text }) => text)).toEqual(['once more, please'])
  await acknowledged()
})

it('a phone shares a key, without which the device can read no change of the app state', async () => {
  await world.api.tellDevices(shop, 'app-state-key')
  await acknowledged()
  expect(client.auth.creds.myAppStateKeyId).toBeDefined()
  for (const version of [1, 2]) {
    expect(await world.api.mute(shop, ana)).toBe(version)
    await acknowledged()
  }
  const known = async () => (await world.api.knowledge(shop, device)).appState.regular_high
  expect(await known()).toBe(1)
  for (const key of [...client.auth.rows.keys()]) {
    if (key.startsWith('app-state-sync-key/')) client.auth.rows.delete(key)
  }
  await world.api.tellDevices(shop, 'app-state-key')
  for (let i = 0; i < 2; i++) {
    await world.api.mute(shop, ana)
    await acknowledged()
  }
  expect(await known()).toBe(3)
})

it('a device changes the app state: the phone reads it, and another device is told', async () => {
  const other = await world.linked(shop)
  const muted: unknown[] = []
  other.socket.ev.on('chats.update', (chats) => muted.push(...chats.map(({ id, muteEndTime }) => [id, muteEndTime])))
  await world.api.tellDevices(shop, 'app-state-key')
  await acknowledged()
  const chat = `${ana}@s.whatsapp.net`
  await client.socket.chatModify({ mute: 1_900_000_000_000 }, chat)
  await until(() => muted.length > 0, 'the other device to know')
  expect(muted).toEqual([[chat, 1_900_000_000_000]])
  await client.socket.updateProfileName('Corner shop')
  expect((await world.api.profile(shop)).name).toBe('Corner shop')
  expect(await world.api.settings(shop)).toMatchObject([
    { collection: 'critical_block', value: { pushNameSetting: { name: 'Corner shop' } } },
    { collection: 'regular_high', name: ['mute', chat], value: { muteAction: { muted: true } } },
  ])
  // Both go on from there: the device that made the change, and the phone.
  expect(await world.api.mute(shop, ana)).toBe(2)
  await acknowledged()
  await client.socket.chatModify({ mute: null }, chat)
  expect(await world.api.mute(shop, ana)).toBe(4)
  await acknowledged()
})

it('a phone tells addresses and history', async () => {
  await arrived('so that there is a chat')
  client.end()
  await until(async () => !(await world.api.devices())[0]!.online, 'the device to be off line')
  const ids = [await world.api.tellDevices(shop, 'lid-mappings'), await world.api.tellDevices(shop, 'history')]
  const history: number[] = []
  const again = world.connect(client.auth, { shouldSyncHistoryMessage: () => true })
  again.socket.ev.on('messaging-history.set', ({ syncType }) => history.push(syncType!))
  await again.open()
  await acknowledged()
  for (const id of ids) expect(await counts(id)).toMatchObject({ queued: 1, sent: 1 })
  await until(() => history.length > 0, 'the history')
  const { lid } = (await world.api.phones()).find(({ number }) => number === ana)!
  expect(client.auth.rows.get(`lid-mapping/${ana}`)).toBe(JSON.stringify(lid))
})
