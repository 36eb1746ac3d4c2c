import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MessageRow } from './data/messages.ts'
import { currentOf } from './message-changes.ts'
import { NOW, rowOf } from './message-row.testing.ts'

const BOB = { sender_phone: '+5511999990003' }
const GROUP = { chat: '120363000000000001@g.us' }

const referenceTo = ({ whatsapp_id: whatsappId, from_me: fromMe }: MessageRow) => ({ whatsappId, fromMe })
const text = (columns: Partial<MessageRow> = {}) => rowOf({ type: 'text', text: 'Helo' }, columns)
const reaction = (of: MessageRow, emoji: string, at: number, by: Partial<MessageRow> = {}) =>
  rowOf({ type: 'reaction', target: referenceTo(of), emoji, at: NOW + at }, { chat: of.chat, ...by })
const edit = (of: MessageRow, words: string, at: number, by: Partial<MessageRow> = {}) =>
  rowOf({ type: 'edit', target: referenceTo(of), text: words, at: NOW + at }, { chat: of.chat, ...by })
const deletion = (of: MessageRow, by: Partial<MessageRow> = {}) =>
  rowOf({ type: 'delete', target: referenceTo(of) }, { chat: of.chat, ...by })
const emojisOf = (original: MessageRow, rows: MessageRow[]) =>
  currentOf(original, rows).reactions.map(({ done, row }) => `${row.from_me ? 'me' : row.sender_phone} ${done}`)

test('the order in which changes came does not matter, that in which they were made does', () => {
  const original = text(GROUP)
  const changes = [
    reaction(original, '👍', 1),
    reaction(original, '👎', 2),
    reaction(original, '🎉', 3, BOB),
    reaction(original, '', 4, BOB),
    reaction(original, '❤️', 5, { from_me: true }),
    edit(original, 'Hell', 6),
    edit(original, 'Hello', 7),
  ]
  fc.assert(
    fc.property(fc.shuffledSubarray(changes, { minLength: changes.length }), (rows) => {
      const { message, editedAt } = currentOf(original, rows)
      expect(message).toMatchObject({ type: 'text', text: 'Hello' })
      expect(editedAt).toEqual(new Date(NOW + 7))
      expect(emojisOf(original, rows)).toEqual(['+5511999990002 👎', 'me ❤️'])
    }),
  )
})

test('one person has one reaction, by whichever address', () => {
  const original = text(GROUP)
  const both = { sender_phone: '+5511999990003', sender_lid: '300@lid' }
  const byLid = { sender_phone: null, sender_lid: '300@lid' }
  expect(emojisOf(original, [reaction(original, '👍', 1, both), reaction(original, '👎', 2, byLid)])).toEqual([
    'null 👎',
  ])
})

describe('a change is left out', () => {
  const original = text(GROUP)
  const other = text({ ...GROUP, whatsapp_id: original.whatsapp_id, from_me: true })
  test.each([
    ['of another message', reaction(text(GROUP), '👍', 1)],
    ['of another chat', reaction(original, '👍', 1, { chat: 'other@g.us' })],
    ['of a message of ours with the same id', reaction(other, '👍', 1)],
    ['that is not sent yet', reaction(original, '👍', 1, { from_me: true, status: 'sending' })],
    ['that WhatsApp refused', reaction(original, '👍', 1, { from_me: true, status: 'failed' })],
    ['that edits what somebody else wrote', edit(original, 'mine', 1, BOB)],
  ])('%s', (_, change) => {
    const { message, reactions, editedAt } = currentOf(original, [change])
    expect([message, reactions, editedAt]).toEqual([{ type: 'text', text: 'Helo' }, [], undefined])
  })
})

test('of two people each deletes their own; in a group an admin, whom WhatsApp knows, deletes all', () => {
  expect(currentOf(text(), [deletion(text())]).deletedAt).toBeUndefined()
  const [theirs, ours, inGroup] = [text(), text({ from_me: true }), text(GROUP)]
  expect(currentOf(theirs, [deletion(theirs)]).deletedAt).toEqual(new Date(NOW))
  expect(currentOf(ours, [deletion(ours)]).deletedAt).toBeUndefined()
  expect(currentOf(inGroup, [deletion(inGroup, BOB)]).deletedAt).toEqual(new Date(NOW))
})

test('a row of another release says nothing, and breaks nothing', () => {
  const original = { ...text(), type: 'hologram', content: { depth: 3 } }
  const { message, reactions } = currentOf(original, [reaction(original, '👍', 1), { ...text(), content: null }])
  expect([message, reactions.length]).toEqual([undefined, 1])
})
