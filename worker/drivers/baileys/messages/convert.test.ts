import { openVote } from '@berth/core/crypto/poll-votes.ts'
import { type MessageOf, UnifiedMessage } from '@berth/core/model/message.ts'
import { proto } from '@whiskeysockets/baileys'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sendable } from './arbitrary.testing.ts'
import { fromProto, toProto } from './convert.ts'
import type { Origin, Place } from './family.ts'

const ME = { pn: '5511900000001@s.whatsapp.net', lid: '100@lid' }
const ANA = { pn: '5511900000002@s.whatsapp.net', lid: '200@lid' }
const BOB = { pn: '5511900000003@s.whatsapp.net', lid: '300@lid' }
const CHAT: Place = { chat: ANA.pn, me: ME }
const GROUP: Place = { chat: '120363000000000001@g.us', me: ME }

const carried = (message: proto.IMessage): proto.IMessage =>
  proto.Message.decode(proto.Message.encode(message).finish())
const fromMe = (place: Place): Origin => ({ ...place, sender: ME, fromMe: true })
const fromAna = (place: Place): Origin => ({ ...place, sender: ANA, fromMe: false })
const read = (message: proto.IMessage, origin = fromAna(CHAT)) => fromProto(carried(message), origin)

test('every message comes out as it went in', () => {
  fc.assert(
    fc.property(sendable, ({ message, place }) => {
      expect(UnifiedMessage.parse(message)).toEqual(message)
      expect(fromProto(carried(toProto(message, place)!), fromMe(place))).toEqual(message)
    }),
    { numRuns: 200 },
  )
})

test('what is read can be stored, whatever was sent', () => {
  const nasty = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u0000', 'a\ud800'))
  const contextInfo = fc.record({ stanzaId: nasty, participant: nasty, mentionedJid: fc.array(nasty) })
  const key = fc.record({ id: nasty, fromMe: fc.boolean(), participant: nasty, remoteJid: nasty })
  const number = fc.double({ noDefaultInfinity: true })
  const message = fc.oneof(
    fc.record({ extendedTextMessage: fc.record({ text: nasty, matchedText: nasty, title: nasty, contextInfo }) }),
    fc.record({ locationMessage: fc.record({ degreesLatitude: number, degreesLongitude: number, name: nasty }) }),
    fc.record({ contactMessage: fc.record({ displayName: nasty, vcard: nasty }) }),
    fc.record({ pollCreationMessage: fc.record({ name: nasty, options: fc.array(fc.record({ optionName: nasty })) }) }),
    fc.record({ reactionMessage: fc.record({ key, text: nasty }) }),
    fc.record({
      pollUpdateMessage: fc.record({ pollCreationMessageKey: key, vote: fc.record({ encIv: fc.uint8Array() }) }),
    }),
    fc.record({
      interactiveResponseMessage: fc.record({ nativeFlowResponseMessage: fc.record({ paramsJson: nasty }) }),
    }),
    fc.record({ listResponseMessage: fc.record({ title: nasty }) }),
    fc.record({ orderMessage: fc.record({ orderId: nasty, thumbnail: fc.uint8Array() }) }),
  ) as fc.Arbitrary<proto.IMessage>
  fc.assert(
    fc.property(message, fc.constantFrom(fromAna(CHAT), fromAna(GROUP), fromMe(CHAT)), (sent, origin) => {
      const found = fromProto(carried(sent), origin)
      if (!found) return
      expect(UnifiedMessage.safeParse(found).error).toBeUndefined()
      const json = JSON.stringify(found)
      expect(json.includes('\\u0000')).toBe(false)
      expect(json.match(/\\ud[89a-f]/i)).toBeNull()
    }),
    { numRuns: 200 },
  )
})

describe('whose message is meant', () => {
  const key = (fields: proto.IMessageKey) => ({ reactionMessage: { key: { id: 'ID1', ...fields }, text: '👍' } })
  const targetOf = (message: proto.IMessage, origin: Origin) => read(message, origin) as MessageOf<'reaction'>
  test.each<[string, proto.IMessageKey, Origin, object]>([
    ['ours, named by a contact', { fromMe: false }, fromAna(CHAT), { fromMe: true }],
    [
      "the contact's own",
      { fromMe: true },
      fromAna(CHAT),
      { fromMe: false, author: { phoneNumber: '+5511900000002', lid: '200@lid' } },
    ],
    [
      "the contact's, named by our phone",
      { fromMe: false },
      fromMe(CHAT),
      { fromMe: false, author: { phoneNumber: '+5511900000002' } },
    ],
    ['ours, in a group', { fromMe: false, participant: ME.lid }, fromAna(GROUP), { fromMe: true }],
    [
      "somebody's in a group",
      { fromMe: false, participant: BOB.lid },
      fromAna(GROUP),
      { fromMe: false, author: { lid: '300@lid' } },
    ],
  ])('%s', (_, fields, origin, target) => {
    expect(targetOf(key(fields), origin).target).toEqual({ whatsappId: 'ID1', ...target })
  })
})

test('a vote is opened by who has the secret of the poll', () => {
  const secret = Buffer.alloc(32, 7)
  const target = { whatsappId: 'POLL', fromMe: false, author: { phoneNumber: '+5511900000002' } }
  const vote: MessageOf<'vote'> = {
    type: 'vote',
    target,
    options: ['b', 'c'],
    secret: secret.toString('base64'),
    at: 5,
  }
  const found = fromProto(carried(toProto(vote, CHAT)!), fromMe(CHAT)) as MessageOf<'vote'>
  expect(found).toMatchObject({ type: 'vote', target, at: 5, sealed: { voters: [ME.pn, ME.lid], creators: [ANA.pn] } })
  const { payload, nonce } = found.sealed!
  const sealed = { payload: Buffer.from(payload, 'base64'), nonce: Buffer.from(nonce, 'base64') }
  const ballot = { poll: 'POLL', secret, creator: ANA.pn, voter: ME.pn }
  expect(openVote(sealed, ballot, ['a', 'b', 'c'])).toEqual(['b', 'c'])
  expect(openVote(sealed, { ...ballot, voter: BOB.pn }, ['a', 'b', 'c'])).toBeUndefined()
})

describe('what is only received', () => {
  test.each<[string, proto.IMessage, object]>([
    [
      'a button',
      { buttonsResponseMessage: { selectedButtonId: 'yes', selectedDisplayText: 'Yes!' } },
      { type: 'button_answer', answer: { id: 'yes', text: 'Yes!' } },
    ],
    [
      'a button of a template',
      { templateButtonReplyMessage: { selectedId: 'yes', selectedDisplayText: 'Yes!' } },
      { type: 'button_answer', answer: { id: 'yes', text: 'Yes!' } },
    ],
    [
      'a native button',
      {
        interactiveResponseMessage: {
          body: { text: 'Yes!' },
          nativeFlowResponseMessage: { paramsJson: '{"id":"yes"}' },
        },
      },
      { type: 'button_answer', answer: { id: 'yes', text: 'Yes!' } },
    ],
    [
      'a row of a list',
      { listResponseMessage: { title: 'Large', description: '1 l', singleSelectReply: { selectedRowId: 'l' } } },
      { type: 'list_answer', answer: { id: 'l', text: 'Large', description: '1 l' } },
    ],
    [
      'where somebody is',
      { liveLocationMessage: { degreesLatitude: 1, degreesLongitude: 2 } },
      { type: 'location', location: { latitude: 1, longitude: 2, live: true } },
    ],
    [
      'an edit in its wrapping',
      {
        editedMessage: {
          message: {
            protocolMessage: { key: { id: 'ID1', fromMe: true }, type: 14, editedMessage: { conversation: 'new' } },
          },
        },
      },
      { type: 'edit', text: 'new' },
    ],
    [
      'another caption',
      {
        protocolMessage: {
          key: { id: 'ID1', fromMe: true },
          type: 14,
          editedMessage: { imageMessage: { caption: 'new' } },
        },
      },
      { type: 'edit', text: 'new' },
    ],
  ])('%s', (_, message, wanted) => {
    expect(read(message)).toMatchObject(wanted)
  })

  test('a kind that we do not know is kept as it came', () => {
    const order = { orderId: 'A1', itemCount: 2, thumbnail: Buffer.from('pic') }
    expect(read({ orderMessage: order })).toEqual({
      type: 'unsupported',
      kind: 'orderMessage',
      raw: { orderMessage: { orderId: 'A1', itemCount: 2, thumbnail: Buffer.from('pic').toString('base64') } },
    })
  })
})
