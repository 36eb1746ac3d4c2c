/** Every kind of message, both ways: through the API, a worker and the simulated WhatsApp. */
import type { Berth, Message, NewMessage } from '@berth/client'
import type { NewMessage as Draft } from '@berth/simulator/api/message-schemas.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, startApi } from './api.ts'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { TOKEN, World } from './world.ts'

const [SHOP, ANA, BOB] = ['5511930000001', '5511930000002', '5511930000003'] as const
const SESSION = 'shop'
const ME = { fromMe: true, at: expect.any(String) }
const BY_ANA = { fromMe: false, from: expect.objectContaining({ phoneNumber: `+${ANA}` }), at: expect.any(String) }

let world: World
let session: TestSession
let api: Api
let berth: Berth
let group: string

beforeAll(async () => {
  world = await World.start()
  for (const number of [SHOP, ANA, BOB]) await world.whatsapp.createPhone({ number, name: `Name ${number}` })
  group = (await world.whatsapp.createGroup({ subject: 'Team', members: [ANA, SHOP, BOB] })).id
  const worker = await world.startWorker()
  session = await world.addSession(SESSION)
  await session.place(worker)
  await session.link(worker, SHOP)
  api = await startApi(world, TOKEN)
  berth = api.client
})
afterAll(async () => {
  await api?.close()
  await world?.close()
})

/** Sends, and waits until WhatsApp took it. */
async function send(body: NewMessage): Promise<Message> {
  const sent = await berth.sendMessage(SESSION, body, { prefer: 'wait=10' })
  expect([sent.status, sent.error]).toEqual([expect.stringMatching(/^(sent|delivered|read)$/), undefined])
  return sent
}

const whatsappIdOf = async ({ id }: Message): Promise<string> =>
  (await session.messages()).find((row) => row.id === id)!.whatsapp_id

/** A message as a phone shows it. */
async function onPhone(number: string, chat: string, message: Message) {
  const id = await whatsappIdOf(message)
  return (await world.whatsapp.messages(number, chat)).find((shown) => shown.id === id)
}

/** A phone writes; the message, when the API has it. */
async function receive(from: string, draft: Draft): Promise<{ message: Message; whatsappId: string }> {
  const whatsappId = await world.whatsapp.send(from, draft)
  const row = await until(async () => (await session.messages()).find((one) => one.whatsapp_id === whatsappId))
  return { message: await berth.getMessage(SESSION, row.id), whatsappId }
}

const shown = ({ id }: Message) => berth.getMessage(SESSION, id)

describe('in a chat', () => {
  test('what is sent is what the phone shows', async () => {
    const { message: question } = await receive(ANA, { to: SHOP, text: 'Where are you?' })
    const text = await send({ to: `+${ANA}`, text: `@${BOB} knows`, mentions: [`+${BOB}`], quote: { id: question.id } })
    expect(text).toMatchObject({
      mentions: [`+${BOB}`],
      quote: { id: question.id, fromMe: false, from: { phoneNumber: `+${ANA}` }, type: 'text', text: 'Where are you?' },
    })
    expect(await onPhone(ANA, SHOP, text)).toMatchObject({
      kind: 'text',
      mentions: [BOB],
      replyTo: await whatsappIdOf(question),
    })

    const location = { latitude: -23.5, longitude: -46.25, name: 'Shop', address: 'Av. 1' }
    const place = await send({ type: 'location', to: `+${ANA}`, location })
    expect(place).toMatchObject({ type: 'location', location })
    expect(await onPhone(ANA, SHOP, place)).toMatchObject({ kind: 'location', location })

    const card = { name: 'Bob', phoneNumber: `+${BOB}` }
    const contacts = await send({ type: 'contacts', to: `+${ANA}`, contacts: [card] })
    expect(contacts.contacts).toEqual([{ ...card, vcard: expect.stringContaining(`waid=${BOB}`) }])
    expect((await onPhone(ANA, SHOP, contacts))?.contact).toMatchObject({ name: 'Bob' })

    const copy = await send({ type: 'forward', to: `+${BOB}`, message: place.id })
    expect(copy).toMatchObject({ type: 'location', location, forwarded: true, to: `+${BOB}` })
    expect(await onPhone(BOB, SHOP, copy)).toMatchObject({ kind: 'location', location })
  })

  test('what the phone writes is what is received', async () => {
    const { message: text, whatsappId } = await receive(ANA, { to: SHOP, text: `@${BOB} hi`, mentions: [BOB] })
    expect(text).toMatchObject({ type: 'text', mentions: [expect.any(String)] })
    const { message: answer } = await receive(ANA, { to: SHOP, text: 'and', replyTo: whatsappId })
    expect(answer.quote).toMatchObject({ id: text.id, fromMe: false, type: 'text', text: text.text })
    const { message: place } = await receive(ANA, {
      to: SHOP,
      kind: 'location',
      latitude: 1.5,
      longitude: 2,
      name: 'x',
    })
    expect(place).toMatchObject({ type: 'location', location: { latitude: 1.5, longitude: 2, name: 'x' } })
    const { message: card } = await receive(ANA, { to: SHOP, kind: 'contact', name: 'Bob', number: BOB })
    expect(card.contacts).toMatchObject([{ name: 'Bob', phoneNumber: `+${BOB}` }])
  })

  test('changes of what was sent are shown on both sides', async () => {
    const message = await send({ to: `+${ANA}`, text: 'Helo' })
    const id = await whatsappIdOf(message)
    await send({ type: 'edit', message: message.id, text: 'Hello' })
    await send({ type: 'reaction', message: message.id, emoji: '🎉' })
    await receive(ANA, { to: SHOP, kind: 'reaction', target: id, emoji: '👍' })
    expect(await onPhone(ANA, SHOP, message)).toMatchObject({ text: 'Hello', edited: true, reactions: [{}, {}] })
    expect(await shown(message)).toMatchObject({
      text: 'Hello',
      editedAt: expect.any(String),
      reactions: [
        { emoji: '🎉', ...ME },
        { emoji: '👍', ...BY_ANA },
      ],
    })
    await receive(ANA, { to: SHOP, kind: 'reaction', target: id, emoji: '' })
    const deletion = await send({ type: 'delete', message: message.id })
    expect(deletion).toMatchObject({ type: 'delete', message: message.id })
    expect(await onPhone(ANA, SHOP, message)).toMatchObject({ deleted: true })
    const gone = await shown(message)
    expect(gone).toMatchObject({ deletedAt: expect.any(String), reactions: [{ emoji: '🎉' }] })
    expect(gone).not.toHaveProperty('text')
  })

  test('changes of what was received are shown on both sides', async () => {
    const { message, whatsappId } = await receive(ANA, { to: SHOP, text: 'I am hre' })
    const { message: edit } = await receive(ANA, { to: SHOP, kind: 'edit', target: whatsappId, text: 'I am here' })
    expect(edit).toMatchObject({ type: 'edit', message: message.id, text: 'I am here' })
    const reaction = await send({ type: 'reaction', message: message.id, emoji: '❤️' })
    expect(reaction).toMatchObject({ type: 'reaction', message: message.id, emoji: '❤️' })
    expect(await onPhone(ANA, SHOP, message)).toMatchObject({ reactions: [{ number: SHOP, emoji: '❤️' }] })
    expect(await shown(message)).toMatchObject({ text: 'I am here', reactions: [{ emoji: '❤️', ...ME }] })
    await receive(ANA, { to: SHOP, kind: 'delete', target: whatsappId })
    expect(await shown(message)).toHaveProperty('deletedAt')
  })
})

test('what a phone could not read is sent again, whatever it is', async () => {
  const { id: question } = (await receive(ANA, { to: SHOP, text: '?' })).message
  const location = { latitude: 1, longitude: 2 }
  for (const body of [
    { type: 'location', to: `+${ANA}`, location },
    { type: 'reaction', message: question, emoji: '👍' },
  ] as const) {
    const id = await whatsappIdOf(await send(body))
    await world.whatsapp.requestAgain(ANA, SHOP, id)
    await until(async () => {
      const entries = await world.whatsapp.ledgerMessages({ message: id })
      return entries.some(({ direction, counts }) => direction === 'from-device' && counts.submitted === 2) || undefined
    })
  }
})

test('what other apps write is received as well, and what nobody knows as it came', async () => {
  const write = (message: Record<string, unknown>) => receive(ANA, { to: SHOP, kind: 'raw', message })
  const { message: button } = await write({
    buttonsResponseMessage: { selectedButtonId: 'yes', selectedDisplayText: 'Yes!' },
  })
  expect(button).toMatchObject({ type: 'button_answer', answer: { id: 'yes', text: 'Yes!' } })
  const singleSelectReply = { selectedRowId: 'l' }
  const { message: row } = await write({
    listResponseMessage: { title: 'Large', description: '1 l', singleSelectReply },
  })
  expect(row).toMatchObject({ type: 'list_answer', answer: { id: 'l', text: 'Large', description: '1 l' } })
  const contacts = [ANA, BOB].map((number) => ({ displayName: number, vcard: `BEGIN:VCARD\nTEL;waid=${number}:x` }))
  const { message: cards } = await write({ contactsArrayMessage: { contacts } })
  expect(cards.contacts).toMatchObject([{ phoneNumber: `+${ANA}` }, { phoneNumber: `+${BOB}` }])
  const contextInfo = { isForwarded: true, forwardingScore: 5 }
  const { message: forwarded } = await write({ extendedTextMessage: { text: 'news', contextInfo } })
  expect(forwarded).toMatchObject({ type: 'text', forwarded: true })
  const { message: order } = await write({ orderMessage: { orderId: 'A1', thumbnail: 'cGlj' } })
  expect(order).toMatchObject({
    type: 'unsupported',
    kind: 'orderMessage',
    raw: { orderMessage: { orderId: 'A1', thumbnail: 'cGlj' } },
  })
})

describe('in a group', () => {
  test('polls are voted in, whoever made them', async () => {
    const poll = { question: 'Lunch?', options: ['Yes', 'No', 'Later'], choices: 0 }
    const ours = await send({ type: 'poll', to: group, poll })
    expect(ours).toMatchObject({ type: 'poll', poll })
    expect(JSON.stringify(ours)).not.toContain('secret')
    const { message: vote } = await receive(ANA, {
      to: group,
      kind: 'vote',
      target: await whatsappIdOf(ours),
      options: ['No', 'Later'],
    })
    expect(vote).toMatchObject({ type: 'vote', message: ours.id, options: ['No', 'Later'] })
    await send({ type: 'vote', message: ours.id, options: ['Yes'] })
    const votes = [
      { options: ['No', 'Later'], ...BY_ANA },
      { options: ['Yes'], ...ME },
    ]
    expect((await shown(ours)).votes).toEqual(votes)
    expect((await onPhone(BOB, group, ours))?.poll?.options).toEqual([
      { name: 'Yes', voters: [SHOP] },
      { name: 'No', voters: [ANA] },
      { name: 'Later', voters: [ANA] },
    ])

    const question = { question: 'When?', options: ['1 pm', '2 pm'], choices: 1 }
    const { message: theirs } = await receive(ANA, { to: group, kind: 'poll', ...question })
    expect(theirs.poll).toEqual(question)
    await send({ type: 'vote', message: theirs.id, options: ['2 pm'] })
    expect((await onPhone(ANA, group, theirs))?.poll?.options).toMatchObject([{}, { name: '2 pm', voters: [SHOP] }])
    const { message: again } = await receive(BOB, {
      to: group,
      kind: 'vote',
      target: await whatsappIdOf(theirs),
      options: [],
    })
    expect(again.options).toEqual([])
    expect((await shown(theirs)).votes).toEqual([{ options: ['2 pm'], ...ME }])
  })

  test('whose message is meant is told by who wrote it', async () => {
    const { message, whatsappId } = await receive(BOB, { to: group, text: 'from Bob' })
    const answer = await send({ to: group, text: 'to Bob', quote: { id: message.id } })
    expect(await onPhone(ANA, group, answer)).toMatchObject({ replyTo: whatsappId })
    await send({ type: 'reaction', message: message.id, emoji: '👏' })
    expect(await onPhone(ANA, group, message)).toMatchObject({ reactions: [{ number: SHOP, emoji: '👏' }] })
    // Ana made the group, so she may.
    await receive(ANA, { to: group, kind: 'delete', target: whatsappId })
    expect(await shown(message)).toHaveProperty('deletedAt')
    await expect(send({ type: 'delete', message: message.id })).rejects.toMatchObject({
      code: 'message_not_changeable',
    })
  })
})

test('what was read is told to who wrote it', async () => {
  const whatsappId = await world.whatsapp.send(ANA, { to: group, text: 'read me' })
  const { message } = await receive(ANA, { to: SHOP, text: 'read me' })
  const inGroup = await until(async () => (await session.messages()).find((one) => one.whatsapp_id === whatsappId))
  for (const id of [message.id, inGroup.id]) {
    const { id: command } = await berth.markRead(SESSION, id)
    await until(async () => ((await berth.getCommand(SESSION, command)).status === 'done' ? true : undefined))
  }
  for (const [chat, id] of [
    [SHOP, await whatsappIdOf(message)],
    [group, whatsappId],
  ] as const) {
    const status = async () => (await world.whatsapp.messages(ANA, chat)).find((one) => one.id === id)?.status
    await until(async () => ((await status()) === 'read' ? true : undefined))
  }
})

test('WhatsApp had nothing to complain about', async () => {
  expect(await world.whatsapp.faults()).toEqual([])
})
