// What accounts tell of themselves, asked and changed by the unmodified Baileys.
import type { Contact } from '@whiskeysockets/baileys'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const ana = '5511911111111'
const bob = '5511922222222'
const at = (number: string) => `${number}@s.whatsapp.net`
let world: World
let client: TestClient
const changes: Partial<Contact>[] = []

beforeAll(async () => {
  world = await World.start({ Shop: shop, Ana: ana, Bob: bob })
  client = await world.linked(shop)
  client.socket.ev.on('contacts.update', (updates) => changes.push(...updates))
})

afterAll(() => world.stop())

const aboutOf = async (number: string) => (await client.socket.fetchStatus(at(number)))?.[0]?.status
const lidOf = async (number: string) => (await world.api.phones()).find((phone) => phone.number === number)!.lid

it('answers which numbers are on WhatsApp', async () => {
  expect(await client.socket.onWhatsApp(ana, `+${bob}`, '5511999999999')).toEqual([
    { jid: at(ana), exists: true },
    { jid: at(bob), exists: true },
  ])
})

it('tells what a contact wrote about itself', async () => {
  expect(await aboutOf(ana)).toMatchObject({ status: null })
  await world.api.changeProfile(ana, { about: 'At the beach' })
  expect(await aboutOf(ana)).toMatchObject({ status: 'At the beach', setAt: expect.any(Date) })
})

it('shows the picture of a contact, and tells who knows the contact that it changed', async () => {
  await expect(client.socket.profilePictureUrl(at(ana))).rejects.toThrow('item-not-found')
  await client.message(await world.api.sendText(ana, shop, 'so that they know each other'))
  await world.api.changeProfile(ana, { picture: Buffer.from('a face').toString('base64') })
  await until(() => changes.find(({ id, imgUrl }) => id === at(ana) && imgUrl === 'changed'), 'the new picture')
  const url = await client.socket.profilePictureUrl(at(ana), 'image')
  expect(await (await fetch(url!)).text()).toBe('a face')
  expect(await client.socket.profilePictureUrl(`${await lidOf(ana)}@lid`)).toBe(url)
  await world.api.changeProfile(ana, { picture: null })
  await until(() => changes.find(({ id, imgUrl }) => id === at(ana) && imgUrl === 'removed'), 'no picture')
  expect((await fetch(url!)).status).toBe(404)
  expect(changes.some(({ id }) => id === at(bob))).toBe(false)
})

it('tells a new name with the next message', async () => {
  await world.api.changeProfile(ana, { name: 'Ana B.' })
  expect((await client.message(await world.api.sendText(ana, shop, 'I am new'))).pushName).toBe('Ana B.')
  await until(() => changes.find(({ id, notify }) => id === at(ana) && notify === 'Ana B.'), 'the new name')
})

it('lets a device tell something else of its account', async () => {
  await client.socket.updateProfileStatus('Open from 9 to 5')
  client.socket.ev.emit('creds.update', { me: { ...client.auth.creds.me!, name: 'Corner shop' } })
  await until(async () => (await world.api.profile(shop)).name === 'Corner shop', 'the new name')
  // Baileys' own call would need a picture library.
  await client.socket.query({
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'w:profile:picture' },
    content: [{ tag: 'picture', attrs: { type: 'image' }, content: Buffer.from('a sign') }],
  })
  expect(await world.api.profile(shop)).toMatchObject({ about: { text: 'Open from 9 to 5' } })
  expect(await client.socket.profilePictureUrl(at(shop))).toBe((await world.api.profile(shop)).pictureUrl)
  await client.socket.removeProfilePicture(at(shop))
  expect((await world.api.profile(shop)).pictureUrl).toBeNull()
})

it('keeps the block list, and tells the device what the phone changed', async () => {
  const told: [string[], string][] = []
  client.socket.ev.on('blocklist.update', ({ blocklist, type }) => told.push([blocklist, type]))
  await client.sendText(bob, 'to learn his address')
  await client.socket.updateBlockStatus(at(bob), 'block')
  expect(await world.api.blocked(shop)).toEqual([bob])
  expect(await client.socket.fetchBlocklist()).toEqual([`${await lidOf(bob)}@lid`])
  await world.api.block(shop, ana, true)
  await until(() => told.length > 0, 'the block')
  expect(told).toEqual([[[`${await lidOf(ana)}@lid`], 'add']])
  await client.socket.updateBlockStatus(at(bob), 'unblock')
  expect(await world.api.block(shop, ana, false)).toEqual([])
})

it('who is blocked reaches nobody, and is not told', async () => {
  await world.api.block(shop, ana, true)
  await world.api.block(bob, shop, true)
  const written = await world.api.sendText(ana, shop, 'hello?')
  const sent = await client.sendText(bob, 'hello?')
  await until(async () => (await world.api.messages(shop, bob)).some(({ id }) => id === sent), 'the own copy')
  expect((await world.api.messages(ana, shop)).at(-1)).toMatchObject({ id: written, status: 'sent' })
  expect((await world.api.messages(bob, shop)).some(({ id }) => id === sent)).toBe(false)
  await world.api.block(shop, ana, false)
  await world.api.block(bob, shop, false)
  const [again, answer] = [await world.api.sendText(ana, shop, 'still there?'), await client.sendText(bob, 'and you?')]
  await client.message(again)
  await until(() => client.status(answer) >= 3, 'the delivered receipt')
  expect(client.messages.some(({ key }) => key.id === written)).toBe(false)
})

it('has no shops', async () => {
  expect(await client.socket.getBusinessProfile(at(ana))).toBeUndefined()
})

it('leaves no fault', async () => {
  expect(await world.api.faults()).toEqual([])
})
