// What a newly linked device learns of the time before, with the unmodified Baileys.
import type { BaileysEventMap } from '@whiskeysockets/baileys'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { link, type TestClient } from './testing/baileys.ts'
import type { MemoryAuth } from './testing/memory-auth.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const ana = '5511911111111'
const bob = '5511922222222'
const at = (number: string) => `${number}@s.whatsapp.net`
type Piece = BaileysEventMap['messaging-history.set']
let world: World
let group: string
let auth: MemoryAuth

beforeAll(async () => {
  world = await World.start({ Shop: shop, Ana: ana, Bob: bob })
  group = (await world.api.createGroup({ subject: 'Neighbours', members: [ana, shop] })).id
})

afterAll(() => world.stop())

const acknowledged = () => until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
const lidOf = async (number: string) => (await world.api.phones()).find((phone) => phone.number === number)!.lid

/** A device that wants to know what was, and what it was told. */
async function login(): Promise<{ client: TestClient; pieces: Piece[] }> {
  const pieces: Piece[] = []
  const client = world.connect(auth, { shouldSyncHistoryMessage: () => true })
  client.socket.ev.on('messaging-history.set', (piece) => pieces.push(piece))
  return { client: await client.open(), pieces }
}

it('tells the latest chats as they are now, and the names of who is in them', async () => {
  const asked = await world.api.sendText(ana, shop, 'are you open?')
  const regretted = await world.api.sendText(ana, shop, 'never mind')
  await world.api.send(ana, { to: shop, kind: 'delete', target: regretted })
  await world.api.readChat(shop, ana)
  const answered = await world.api.sendText(shop, ana, 'from 9')
  await world.api.send(shop, { to: ana, kind: 'edit', target: answered, text: 'from 10' })
  const greeted = await world.api.sendText(bob, shop, 'hello')
  const shared = await world.api.sendText(ana, group, 'hello all')

  auth = await link(world.api, shop)
  const { client, pieces } = await login()
  // Baileys may tell it in one piece or in several.
  const told = <Kind extends 'chats' | 'contacts' | 'messages'>(kind: Kind) =>
    pieces.flatMap((piece) => piece[kind] as Piece[Kind][number][])
  const named = () => told('contacts').filter(({ notify }) => notify)
  await until(() => told('messages').length > 0 && named().length > 0, 'chats and names')
  expect(Object.fromEntries(named().map(({ id, notify }) => [id, notify]))).toEqual({
    [at(ana)]: 'Ana',
    [at(bob)]: 'Bob',
  })
  const chats = told('chats').map(({ id, name, unreadCount }) => [id, { name: name || undefined, unreadCount }])
  expect(Object.fromEntries(chats)).toEqual({
    [group]: { name: 'Neighbours', unreadCount: 1 },
    [at(bob)]: { name: undefined, unreadCount: 1 },
    [at(ana)]: { name: undefined, unreadCount: 0 },
  })
  const texts = told('messages').map(({ key, message }) => [key.id, [key.fromMe, message?.conversation]])
  expect(Object.fromEntries(texts)).toEqual({
    [shared]: [false, 'hello all'],
    [greeted]: [false, 'hello'],
    [answered]: [true, 'from 10'],
    [asked]: [false, 'are you open?'],
  })
  const inGroup = told('messages').find(({ key }) => key.id === shared)
  expect(inGroup?.key).toMatchObject({ remoteJid: group, participant: `${await lidOf(ana)}@lid` })
  expect(auth.rows.get(`lid-mapping/${bob}`)).toBe(JSON.stringify(await lidOf(bob)))
  await acknowledged()
  client.end()
})

it('tells it once', async () => {
  await until(async () => !(await world.api.devices())[0]!.online, 'the device to be off line')
  const id = await world.api.sendText(ana, shop, 'what is new')
  const { client, pieces } = await login()
  await client.message(id)
  expect(pieces).toEqual([])
  await world.api.tellDevices(shop, 'history')
  await until(() => pieces.length === 1, 'the history, asked for')
  expect(pieces[0]!.messages.map((message) => message.key.id)).toContain(id)
})

it('leaves no fault', async () => {
  await acknowledged()
  expect(await world.api.faults()).toEqual([])
})
