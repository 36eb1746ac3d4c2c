import { proto } from '@whiskeysockets/baileys'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeJournalBody, encodeJournalBody, keptAttributes, type StanzaAttributes } from './journal-body.ts'
import type { Person } from './person.ts'
import { messageOf } from './receive.ts'

const ME = { pn: '5511900000001@s.whatsapp.net', lid: '100@lid' }
const ANA = { pn: '5511900000002@s.whatsapp.net', lid: '200@lid' }
const NOW = new Date('2026-01-02T03:04:05Z')

/** Knows Ana, and nobody else. */
const findPerson = async (person: Person): Promise<Person> =>
  person.pn === ANA.pn || person.lid === ANA.lid ? ANA : person

const bodyOf = (stanza: StanzaAttributes, message: proto.IMessage): Buffer =>
  encodeJournalBody({
    stanza: { id: 'ID1', t: '1700000000', notify: 'Ana', ...stanza },
    plaintext: Buffer.concat([proto.Message.encode(message).finish(), Buffer.from([1])]),
  })
const read = (stanza: StanzaAttributes, message: proto.IMessage) =>
  messageOf(bodyOf(stanza, message), ME, findPerson, NOW)

describe('a received message', () => {
  test.each([
    ['by phone number', { from: '5511900000002:3@s.whatsapp.net', sender_lid: ANA.lid }],
    ['by LID with the number', { from: '200:3@lid', sender_pn: ANA.pn }],
    ['by LID alone, when the number is known', { from: '200:3@lid' }],
  ])('addressed %s is in the chat of the phone number', async (_, stanza) => {
    expect(await read(stanza, { conversation: 'hi' })).toMatchObject({
      chat: ANA.pn,
      whatsappId: 'ID1',
      fromMe: false,
      senderPhone: '+5511900000002',
      senderLid: ANA.lid,
      senderName: 'Ana',
      type: 'text',
      content: { text: 'hi' },
      status: 'received',
      sentAt: new Date(1_700_000_000_000),
    })
  })

  test('from an unknown LID is in the chat of the LID', async () => {
    const message = await read({ from: '999@lid' }, { extendedTextMessage: { text: 'who am I?' } })
    expect(message).toMatchObject({ chat: '999@lid', senderLid: '999@lid', content: { text: 'who am I?' } })
    expect(message?.senderPhone).toBeUndefined()
  })

  test('from our own phone is ours, in the chat of its recipient', async () => {
    const copy = { deviceSentMessage: { destinationJid: ANA.pn, message: { conversation: 'mine' } } }
    const message = await read({ from: ME.pn, recipient: ANA.lid }, copy)
    expect(message).toMatchObject({ chat: ANA.pn, fromMe: true, status: 'sent', content: { text: 'mine' } })
    expect(message).not.toHaveProperty('senderName')
  })

  test('in a group is in the group, from its participant', async () => {
    const message = await read({ from: '123-456@g.us', participant: '200:1@lid' }, { conversation: 'all' })
    expect(message).toMatchObject({ chat: '123-456@g.us', senderPhone: '+5511900000002', fromMe: false })
  })

  test('of another kind is kept as unsupported, by its name', async () => {
    const message = await read({ from: ANA.pn }, { orderMessage: { orderId: '1' } })
    expect(message).toMatchObject({ type: 'unsupported', content: { kind: 'orderMessage' } })
  })

  test.each([
    ['a protocol message', { from: ANA.pn }, { protocolMessage: { type: 0 } }],
    ['a sender key', { from: ANA.pn }, { senderKeyDistributionMessage: { groupId: 'x@g.us' } }],
    ['a message between our own devices', { from: ME.pn, category: 'peer' }, { conversation: 'x' }],
    ['a status update', { from: 'status@broadcast', participant: ANA.pn }, { conversation: 'x' }],
    ['nothing', { from: ANA.pn }, {}],
  ])('%s holds nothing for people', async (_, stanza, message) => {
    expect(await read(stanza, message)).toBeUndefined()
  })

  test('text comes without U+0000, which Postgres does not store', async () => {
    expect((await read({ from: ANA.pn }, { conversation: 'a\u0000b' }))?.content).toEqual({ text: 'ab' })
  })
})

test('a journal row gives back its plain text and the attributes that are kept', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), (notify, plain) => {
      const stanza = keptAttributes({ id: 'X', notify, offline: '0', unknown: 'dropped' })
      const plaintext = Buffer.from(plain)
      expect(stanza).toEqual({ id: 'X', notify })
      expect(decodeJournalBody(encodeJournalBody({ stanza, plaintext }))).toEqual({ stanza, plaintext })
    }),
  )
})
