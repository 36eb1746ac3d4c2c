// All kinds of messages with the unmodified Baileys, to a person and in a group: from phones to a device, and back.
import { createHash } from 'node:crypto'
import { decryptPollVote, type proto, type WAMessage, type WAMessageKey } from '@whiskeysockets/baileys'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewMessage } from './api/message-schemas.ts'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'
import { sealVote } from './whatsapp/content/poll-votes.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const shop = '5511900000001'
const ana = '5511911111111'
const bob = '5511922222222'
let world: World
let client: TestClient
let group: string
/** Number → LID. */
const lids = new Map<string, string>()
const reactions: { key: WAMessageKey; reaction: proto.IReaction }[] = []

beforeAll(async () => {
  world = await World.start({ Shop: shop, Ana: ana, Bob: bob })
  for (const { number, lid } of await world.api.phones()) lids.set(number, lid)
  group = (await world.api.createGroup({ subject: 'Neighbours', members: [ana, bob, shop] })).id
  client = await world.linked(shop)
  client.socket.ev.on('messages.reaction', (some) => reactions.push(...some))
})

afterAll(() => world.stop())

type Draft = NewMessage extends infer One ? (One extends { to: string } ? Omit<One, 'to'> : never) : never

/** What differs between a chat with Ana and the group. */
interface Place {
  /** The chat, on Ana's phone, on the shop's, and at Baileys. */
  ofAna: () => string
  ofShop: () => string
  jid: () => string
  /** How its people are named. */
  person: (number: string) => string
}

const places: [string, Place][] = [
  [
    'to a person',
    {
      ofAna: () => shop,
      ofShop: () => ana,
      jid: () => `${ana}@s.whatsapp.net`,
      person: (who) => `${who}@s.whatsapp.net`,
    },
  ],
  [
    'in a group',
    { ofAna: () => group, ofShop: () => group, jid: () => group, person: (who) => `${lids.get(who)}@lid` },
  ],
]

describe.each(places)('%s', (_where, { ofAna, ofShop, jid, person }) => {
  const fromAna = (draft: Draft) => world.api.send(ana, { ...draft, to: ofAna() } as NewMessage)
  const atAna = async (id: string) => (await world.api.messages(ana, ofAna())).find((one) => one.id === id)
  const atShop = async (id: string) => (await world.api.messages(shop, ofShop())).find((one) => one.id === id)
  const fromClient = (
    ...send: Parameters<TestClient['socket']['sendMessage']> extends [string, ...infer Rest] ? Rest : never
  ) => client.socket.sendMessage(jid(), ...send) as Promise<WAMessage>
  /** The message as Ana's phone shows it, once it is so. */
  const shownAtAna = (id: string, what: object) =>
    vi.waitFor(async () => expect(await atAna(id)).toMatchObject(what), { timeout: 60_000 })
  const updateOf = (id: string, has: (update: Partial<WAMessage>) => unknown) =>
    until(() => client.updates.find(({ key, update }) => key.id === id && has(update)), `a change of ${id}`)

  it('a phone edits and deletes what it wrote', async () => {
    const id = await fromAna({ kind: 'text', text: 'see you at 5' })
    await client.message(id)
    await fromAna({ kind: 'edit', target: id, text: 'see you at 6' })
    const edit = await updateOf(id, ({ message }) => message?.editedMessage)
    expect(edit.update.message?.editedMessage?.message?.conversation).toBe('see you at 6')
    expect(await atAna(id)).toMatchObject({ kind: 'text', text: 'see you at 6', edited: true })
    expect((await world.api.chats(ana)).find(({ chat }) => chat === ofAna())?.lastText).toBe('see you at 6')
    await fromAna({ kind: 'delete', target: id })
    await updateOf(id, ({ messageStubType }) => messageStubType === 1)
    expect(await atShop(id)).toMatchObject({ text: '[deleted]', deleted: true })
  })

  it('a phone reacts to what the device wrote, and takes it back', async () => {
    const { key } = await fromClient({ text: 'like it?' })
    await until(() => atAna(key.id!), 'the message')
    await fromAna({ kind: 'reaction', target: key.id!, emoji: '👍' })
    const { key: of, reaction } = await until(() => reactions.find((one) => one.key.id === key.id), 'the reaction')
    expect({ text: reaction.text, fromMe: of.fromMe, chat: of.remoteJid }).toEqual({
      text: '👍',
      fromMe: true,
      chat: jid(),
    })
    expect((await atAna(key.id!))?.reactions).toEqual([{ number: ana, emoji: '👍' }])
    await fromAna({ kind: 'reaction', target: key.id!, emoji: '' })
    await until(() => reactions.find((one) => one.key.id === key.id && !one.reaction.text), 'that it is taken back')
    expect((await atShop(key.id!))?.reactions).toBeUndefined()
  })

  it('a phone answers a message, and mentions somebody', async () => {
    const { key } = await fromClient({ text: 'who comes?' })
    await until(() => atAna(key.id!), 'the message')
    const id = await fromAna({ kind: 'text', text: `me and @${bob}`, replyTo: key.id!, mentions: [bob] })
    const { text, contextInfo } = (await client.message(id)).message!.extendedTextMessage!
    expect(text).toBe(`me and @${bob}`)
    expect(contextInfo).toMatchObject({ stanzaId: key.id, participant: person(shop), mentionedJid: [person(bob)] })
    expect(contextInfo?.quotedMessage?.extendedTextMessage?.text).toBe('who comes?')
    expect(await atShop(id)).toMatchObject({ replyTo: key.id, mentions: [bob] })
  })

  it('a phone sends a place and a contact', async () => {
    const place = await fromAna({ kind: 'location', latitude: -23.5, longitude: -46.6, name: 'Office' })
    const { locationMessage } = (await client.message(place)).message!
    expect(locationMessage).toMatchObject({ degreesLatitude: -23.5, degreesLongitude: -46.6, name: 'Office' })
    const contact = await fromAna({ kind: 'contact', name: 'Bob', number: bob })
    expect((await client.message(contact)).message?.contactMessage?.vcard).toContain(`waid=${bob}`)
    expect(await atShop(place)).toMatchObject({ kind: 'location', text: 'Office', location: { latitude: -23.5 } })
    expect(await atShop(contact)).toMatchObject({ kind: 'contact', contact: { name: 'Bob' } })
  })

  it('a phone votes in a poll of the device, and changes its mind', async () => {
    const { key, message } = await fromClient({
      poll: { name: 'Drink?', values: ['Tea', 'Coffee'], selectableCount: 1 },
    })
    const poll = key.id!
    await until(() => atAna(poll), 'the poll')
    const votes = { pollCreatorJid: person(shop), pollMsgId: poll, voterJid: person(ana) }
    const pollEncKey = Buffer.from(message!.messageContextInfo!.messageSecret!)
    for (const options of [['Tea'], ['Coffee'], []]) {
      const id = await fromAna({ kind: 'vote', target: poll, options })
      const { pollUpdateMessage } = (await client.message(id)).message!
      expect(pollUpdateMessage?.pollCreationMessageKey).toMatchObject({ id: poll, fromMe: true })
      const { selectedOptions } = decryptPollVote(pollUpdateMessage!.vote!, { ...votes, pollEncKey })
      expect(selectedOptions.map((hash) => Buffer.from(hash))).toEqual(options.map(hashOf))
      const voters = ['Tea', 'Coffee'].map((name) => ({ name, voters: options.includes(name) ? [ana] : [] }))
      expect(await atShop(poll)).toMatchObject({ kind: 'poll', text: 'Drink?', poll: { choices: 1, options: voters } })
    }
  })

  it("the account's own phone changes what it wrote, and the device sees it", async () => {
    const id = await world.api.sendText(shop, ofShop(), 'from the phone')
    await client.message(id)
    await world.api.send(shop, { to: ofShop(), kind: 'edit', target: id, text: 'from the own phone' })
    const { key, update } = await updateOf(id, ({ message }) => message?.editedMessage)
    expect(update.message?.editedMessage?.message?.conversation).toBe('from the own phone')
    expect(key).toMatchObject({ remoteJid: jid(), fromMe: true })
    expect(await atAna(id)).toMatchObject({ text: 'from the own phone', edited: true })
  })

  it('the device edits and deletes what it wrote', async () => {
    const { key } = await fromClient({ text: 'open until 5' })
    await fromClient({ text: 'open until 6', edit: key })
    await shownAtAna(key.id!, { kind: 'text', text: 'open until 6', edited: true })
    await fromClient({ delete: key })
    await shownAtAna(key.id!, { text: '[deleted]', deleted: true })
    expect(await atShop(key.id!)).toMatchObject({ deleted: true })
  })

  it('the device cannot change what others wrote', async () => {
    const id = await fromAna({ kind: 'text', text: 'mine' })
    const { key } = await client.message(id)
    const edit = await fromClient({ text: 'yours', edit: key })
    const last = await fromClient({ text: 'a message after it' })
    await until(() => atAna(last.key.id!), 'the message after it')
    expect(edit.key.id).toBeTruthy()
    const { text, edited } = (await atAna(id))!
    expect({ text, edited }).toEqual({ text: 'mine', edited: undefined })
    await expect(world.api.send(bob, { to: group, kind: 'edit', target: id, text: 'x' })).rejects.toThrow()
  })

  it('the device reacts, and takes it back', async () => {
    const id = await fromAna({ kind: 'text', text: 'a joke' })
    const { key } = await client.message(id)
    await fromClient({ react: { text: '😂', key } })
    await shownAtAna(id, { reactions: [{ number: shop, emoji: '😂' }] })
    await fromClient({ react: { text: '', key } })
    await until(async () => (await atAna(id))?.reactions === undefined, 'that it is taken back')
  })

  it('the device answers a message, and mentions somebody', async () => {
    const asked = await client.message(await fromAna({ kind: 'text', text: 'where?' }))
    const { key } = await fromClient({ text: `ask @${bob}`, mentions: [person(bob)] }, { quoted: asked })
    await shownAtAna(key.id!, { text: `ask @${bob}`, replyTo: asked.key.id, mentions: [bob] })
  })

  it('the device sends a place, a contact and a poll, and votes', async () => {
    const place = await fromClient({ location: { degreesLatitude: 1.5, degreesLongitude: 2.5 } })
    await shownAtAna(place.key.id!, {
      kind: 'location',
      text: '[location]',
      location: { latitude: 1.5, longitude: 2.5 },
    })
    const contact = await fromClient({ contacts: { contacts: [{ displayName: 'Bob', vcard: 'BEGIN:VCARD' }] } })
    await shownAtAna(contact.key.id!, { kind: 'contact', text: 'Bob', contact: { name: 'Bob', vcard: 'BEGIN:VCARD' } })
    const { message, key } = await fromClient({ poll: { name: 'When?', values: ['Mon', 'Tue'] } })
    const ballot = { poll: key.id!, creator: person(shop), voter: person(shop) }
    const vote = sealVote(['Tue'], { ...ballot, secret: message!.messageContextInfo!.messageSecret! })
    await client.socket.relayMessage(jid(), { pollUpdateMessage: { pollCreationMessageKey: key, vote } }, {})
    const options = [
      { name: 'Mon', voters: [] },
      { name: 'Tue', voters: [shop] },
    ]
    await shownAtAna(key.id!, { kind: 'poll', text: 'When?', poll: { choices: 0, options } })
  })

  it('counts each once, and finds no fault', async () => {
    await until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
    const all = await world.api.ledgerMessages()
    const taken = all.filter(({ direction, peer }) => direction === 'from-device' && peer === ana)
    expect(taken.map(({ counts }) => counts.received)).toEqual(taken.map(() => 1))
    expect(await world.api.faults()).toEqual([])
  })
})

it('lets who made a group delete what others wrote there', async () => {
  const id = (await client.socket.sendMessage(group, { text: 'buy cheap' }))!.key.id!
  const atBob = async () => (await world.api.messages(bob, group)).find((one) => one.id === id)
  await until(atBob, 'the message')
  await expect(world.api.send(bob, { to: group, kind: 'delete', target: id })).rejects.toMatchObject({
    code: 'not_your_message',
  })
  await world.api.send(ana, { to: group, kind: 'delete', target: id })
  expect(await atBob()).toMatchObject({ deleted: true })
})

it('retry-requested: a device that cannot read a change gets it again', async () => {
  const id = await world.api.sendText(ana, shop, 'first')
  await client.message(id)
  for (const row of client.auth.rows.keys()) if (row.startsWith('session/')) client.auth.rows.delete(row)
  await world.api.send(ana, { to: shop, kind: 'edit', target: id, text: 'second' })
  await until(() => client.updates.find(({ key, update }) => key.id === id && update.message), 'the edit')
  expect((await world.api.faults()).map(({ kind }) => kind)).toEqual(['retry-requested'])
})

it('says what is wrong with a message that cannot be written', async () => {
  const id = await world.api.sendText(ana, shop, 'no poll')
  const refusals = [
    [{ kind: 'edit', target: 'NOWHERE', text: 'x' }, 'message_not_found'],
    [{ kind: 'vote', target: id, options: ['Tea'] }, 'not_a_poll'],
    [{ kind: 'text', text: 'x', replyTo: 'NOWHERE' }, 'message_not_found'],
    [{ kind: 'poll', question: 'One?', options: ['only'] }, 'invalid_request'],
    [{ kind: 'song', text: 'la' }, 'invalid_request'],
    [{ kind: 'raw', message: { orderMessage: 'one' } }, 'not_a_message'],
  ] as const
  for (const [draft, code] of refusals) {
    await expect(world.api.send(ana, { to: shop, ...draft } as unknown as NewMessage)).rejects.toMatchObject({ code })
  }
})

const hashOf = (option: string): Buffer => createHash('sha256').update(option).digest()
