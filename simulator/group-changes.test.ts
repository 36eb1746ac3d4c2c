// Groups that change, with the unmodified Baileys: made, renamed, joined and left by phones and by devices.
import { type BaileysEventMap, BufferJSON } from '@whiskeysockets/baileys'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const rival = '5511900000002'
const ana = '5511911111111'
const bob = '5511922222222'
const at = (number: string) => `${number}@s.whatsapp.net`
let world: World
let client: TestClient
let other: TestClient
/** Made by Ana, with the shop in it. */
let group: string
/** What the other device was told. */
const joined: BaileysEventMap['groups.upsert'] = []
const renamed: BaileysEventMap['groups.update'] = []

beforeAll(async () => {
  world = await World.start({ Shop: shop, Rival: rival, Ana: ana, Bob: bob })
  client = await world.linked(shop)
  other = await world.linked(rival)
  other.socket.ev.on('groups.upsert', (groups) => joined.push(...groups))
  other.socket.ev.on('groups.update', (groups) => renamed.push(...groups))
})

beforeEach(async () => {
  group = (await world.api.createGroup({ subject: 'Neighbours', members: [ana, shop] })).id
})

afterEach(async () => {
  await until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
  expect(await world.api.faults()).toEqual([])
})

afterAll(() => world.stop())

const textOf = (from: TestClient, id: string) => {
  const found = from.messages.find(({ key, message }) => key.id === id && message)?.message
  return found?.conversation || found?.extendedTextMessage?.text
}
const arrived = (to: TestClient, id: string) => until(() => textOf(to, id), `message ${id}`)
const write = async (from: TestClient, to: string, text: string) =>
  (await from.socket.sendMessage(to, { text }))!.key.id!
const membersOf = async (id: string) => (await world.api.group(id)).members
/** Ids of Ana's sender keys that the device was given, oldest first. */
async function keysOfAna(): Promise<number[]> {
  const { lid } = (await world.api.phones()).find(({ number }) => number === ana)!
  const row = [...client.auth.rows].find(([key]) => key.startsWith(`sender-key/${group}::${lid}`))![1]
  const states = JSON.parse(JSON.parse(row, BufferJSON.reviver).toString()) as { senderKeyId: number }[]
  return states.map(({ senderKeyId }) => senderKeyId)
}
/** Resolves with the members that the device hears of. */
const hears = (from: TestClient, id: string, action: string) => {
  const heard: string[] = []
  const listen = ({ id: where, participants, action: what }: BaileysEventMap['group-participants.update']) => {
    if (where === id && what === action) heard.push(...participants.map(({ phoneNumber }) => phoneNumber ?? ''))
  }
  from.socket.ev.on('group-participants.update', listen)
  return () => until(() => heard.length > 0 && heard, `members to ${action}`)
}

it('a member is added, and reads and writes from then on', async () => {
  const early = await world.api.sendText(ana, group, 'before')
  await arrived(client, early)
  const added = hears(client, group, 'add')
  await world.api.changeGroup(group, { kind: 'add', by: ana, members: [rival, bob] })
  expect(await added()).toEqual([at(rival), at(bob)])
  for (const id of [await world.api.sendText(ana, group, 'welcome'), await write(client, group, 'hello')]) {
    await arrived(other, id)
  }
  await arrived(client, await write(other, group, 'thank you'))
  expect(textOf(other, early)).toBeUndefined()
  expect((await world.api.messages(bob, group)).map(({ text }) => text)).toEqual(['welcome', 'hello', 'thank you'])
})

it('a device makes a group, calls it something else, adds members and leaves', async () => {
  const { id, participants } = await client.socket.groupCreate('Team', [at(ana), at(rival)])
  expect(participants.map(({ phoneNumber }) => phoneNumber)).toEqual([at(shop), at(ana), at(rival)])
  await until(() => joined.some((each) => each.id === id && each.subject === 'Team'), 'the group')
  await arrived(other, await write(client, id, 'welcome'))
  await client.socket.groupUpdateSubject(id, 'The team')
  await until(() => renamed.some((each) => each.id === id && each.subject === 'The team'), 'the new name')
  const results = await client.socket.groupParticipantsUpdate(id, [at(bob), at(ana), at('5511999999999')], 'add')
  expect(results.map(({ status }) => status)).toEqual(['200', '409', '404'])
  expect(await membersOf(id)).toEqual([shop, ana, rival, bob])
  const gone = hears(other, id, 'remove')
  await client.socket.groupLeave(id)
  expect(await gone()).toEqual([at(shop)])
  expect(await membersOf(id)).toEqual([ana, rival, bob])
})

it('who is removed reads and writes no more', async () => {
  await world.api.changeGroup(group, { kind: 'add', by: shop, members: [rival] })
  const early = await world.api.sendText(ana, group, 'to all')
  for (const each of [client, other]) await arrived(each, early)
  expect(await keysOfAna()).toHaveLength(1)
  await expect(other.socket.groupParticipantsUpdate(group, [at(shop)], 'remove')).rejects.toThrow('forbidden')
  await expect(world.api.changeGroup(group, { kind: 'remove', by: shop, members: [rival] })).rejects.toMatchObject({
    code: 'not_an_admin',
  })
  const removed = hears(other, group, 'remove')
  await world.api.changeGroup(group, { kind: 'remove', by: ana, members: [rival] })
  expect(await removed()).toEqual([at(rival)])
  const ids = [await world.api.sendText(ana, group, 'among us'), await write(client, group, 'at last')]
  await arrived(client, ids[0]!)
  // What the removed device knows opens nothing that a phone writes now.
  expect(new Set(await keysOfAna()).size).toBe(2)
  await until(async () => (await world.api.messages(ana, group)).some(({ id }) => id === ids[1]), 'the second')
  await expect(other.socket.groupMetadata(group)).rejects.toThrow('forbidden')
  await until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
  expect(ids.map((id) => textOf(other, id))).toEqual([undefined, undefined])
  await world.api.changeGroup(group, { kind: 'add', by: ana, members: [rival] })
  await arrived(other, await world.api.sendText(ana, group, 'again with us'))
})

it('a phone gives its group another name', async () => {
  await world.api.changeGroup(group, { kind: 'add', by: ana, members: [rival] })
  await world.api.changeGroup(group, { kind: 'subject', by: ana, subject: 'Good neighbours' })
  await until(() => renamed.some((each) => each.id === group && each.subject === 'Good neighbours'), 'the new name')
  expect((await client.socket.groupMetadata(group)).subject).toBe('Good neighbours')
})

it('admins make others admins, and describe and lock the group', async () => {
  const { socket } = client
  await expect(socket.groupParticipantsUpdate(group, [at(ana)], 'demote')).rejects.toThrow('forbidden')
  await expect(socket.groupSettingUpdate(group, 'locked')).rejects.toThrow('forbidden')
  await world.api.changeGroup(group, { kind: 'promote', by: ana, members: [shop] })
  await socket.groupSettingUpdate(group, 'locked')
  await socket.groupSettingUpdate(group, 'announcement')
  for (const text of ['Good ones', 'The best', undefined, 'After all']) await socket.groupUpdateDescription(group, text)
  expect(await world.api.group(group)).toMatchObject({
    admins: [ana, shop],
    description: { text: 'After all' },
    announcements: true,
    locked: true,
  })
  expect(await socket.groupMetadata(group)).toMatchObject({ desc: 'After all', announce: true, restrict: true })
  const prev = { tag: 'description', attrs: { id: 'NEXT', prev: 'ANOTHER' } }
  const outdated = { tag: 'iq', attrs: { type: 'set', xmlns: 'w:g2', to: group }, content: [prev] }
  await expect(socket.query(outdated)).rejects.toThrow('conflict')
  await world.api.changeGroup(group, { kind: 'demote', by: ana, members: [shop] })
  await expect(socket.groupUpdateSubject(group, 'Mine')).rejects.toThrow('forbidden')
})

it('who has the code joins, until it is renewed; who asks first is not added', async () => {
  const { id } = await client.socket.groupCreate('By invitation', [])
  const code = (await client.socket.groupInviteCode(id))!
  expect(await other.socket.groupAcceptInvite(code)).toBe(id)
  await expect(other.socket.groupAcceptInvite(code)).rejects.toThrow('conflict')
  await expect(other.socket.groupInviteCode(id)).rejects.toThrow('forbidden')
  await other.socket.groupLeave(id)
  expect(await client.socket.groupRevokeInvite(id)).not.toBe(code)
  await expect(other.socket.groupAcceptInvite(code)).rejects.toThrow('not-acceptable')
  await world.api.changeProfile(bob, { asksFirst: true })
  const [result] = await client.socket.groupParticipantsUpdate(id, [at(bob)], 'add')
  expect(result?.status).toBe('403')
  const made = await client.socket.groupCreate('Without Bob', [at(ana), at(bob)])
  await world.api.changeProfile(bob, { asksFirst: false })
  expect(await membersOf(made.id)).toEqual([shop, ana])
})

it('has a picture, which members see', async () => {
  const picture = (content?: Buffer) => ({
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'w:profile:picture', target: group },
    ...(content && { content: [{ tag: 'picture', attrs: { type: 'image' }, content }] }),
  })
  await client.socket.query(picture(Buffer.from('a street')))
  const url = await client.socket.profilePictureUrl(group, 'image')
  expect(await (await fetch(url!)).text()).toBe('a street')
  await expect(other.socket.profilePictureUrl(group)).rejects.toThrow('item-not-found')
  await expect(other.socket.query(picture())).rejects.toThrow('forbidden')
  await client.socket.removeProfilePicture(group)
  await expect(client.socket.profilePictureUrl(group)).rejects.toThrow('item-not-found')
})
