import { describe, expect, test } from 'vitest'
import { factsOfChats, factsOfContacts, peopleOfMappings, readElsewhere } from './facts.ts'

const ME = { pn: '5511900000001@s.whatsapp.net', lid: '100000000001@lid' }
const ANA = '5511900000002@s.whatsapp.net'
const GROUP = '120363041234567890@g.us'

test('mappings name a person by both addresses, once', () => {
  const mappings = { '5511900000002': '100000000002', '100000000002_reverse': '5511900000002', '5511900000003': null }
  expect(peopleOfMappings(mappings)).toEqual([{ phone: '+5511900000002', lid: '100000000002@lid' }])
  expect(peopleOfMappings(undefined)).toEqual([])
})

test('of chats, only what the phone has set', () => {
  expect(
    factsOfChats([
      { id: ANA, unreadCount: 3 },
      { id: ANA, archived: true },
      { id: ANA, pinned: 1_700_000_000_000, muteEndTime: -1 },
      { id: ANA, pinned: null, muteEndTime: null },
    ]),
  ).toEqual([
    { chat: ANA, archived: true },
    { chat: ANA, pinnedAt: new Date(1_700_000_000_000), mutedUntil: new Date('9999-12-31T00:00:00Z') },
    { chat: ANA, pinnedAt: null, mutedUntil: null },
  ])
})

test('of contacts, only what the account or WhatsApp calls them', () => {
  expect(
    factsOfContacts([
      { id: ANA, notify: 'Ana' },
      { id: ANA, name: 'Mum', lid: '100000000002@lid' },
    ]),
  ).toEqual([{ phone: '+5511900000002', lid: '100000000002@lid', savedName: 'Mum' }])
})

describe('a receipt of our own account', () => {
  const receipt = (attrs: Record<string, string>) => ({ tag: 'receipt', attrs: { id: 'A', ...attrs } })
  test.each([
    ['with a person', { type: 'read', from: '5511900000001:0@s.whatsapp.net', recipient: ANA }, ANA],
    ['as LID, privately', { type: 'read-self', from: ME.lid, recipient: '100000000002@lid' }, '100000000002@lid'],
    ['in a group', { type: 'read', from: GROUP, participant: '100000000001:3@lid' }, GROUP],
  ])('says that a chat was read: %s', (_, attrs, chat) => {
    expect(readElsewhere(receipt(attrs), ME)).toEqual({ chat, read: ['A'] })
  })

  test.each([
    ["a contact's", { type: 'read', from: ANA }],
    ["a member's", { type: 'read', from: GROUP, participant: ANA }],
    ['a delivery', { from: '5511900000001:2@s.whatsapp.net', recipient: ANA }],
  ])('says nothing of the kind: %s', (_, attrs) => {
    expect(readElsewhere(receipt(attrs as Record<string, string>), ME)).toBeUndefined()
  })
})
