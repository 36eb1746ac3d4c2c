import { UnifiedMessage } from '@berth/core/model/message.ts'
import { describe, expect, test } from 'vitest'
import { compose, type Subject } from './compose.ts'
import type { MessageRow } from './data/messages.ts'
import { currentOf } from './message-changes.ts'
import { NOW, rowOf } from './message-row.testing.ts'
import { NewMessage } from './new-message-schemas.ts'
import { Problem } from './problems/problem.ts'

const to = '+5511999990002'
const message = '019b8a3e-8f0e-7d5e-9f6e-0b7f5d1f2a3b'
const MINUTE = 60_000
const SECRET = Buffer.alloc(32).toString('base64')

const text = rowOf({ type: 'text', text: 'Hi' })
const ours = rowOf({ type: 'text', text: 'Hi' }, { from_me: true })
const poll = rowOf({ type: 'poll', poll: { question: 'Lunch?', options: ['Yes', 'No'], choices: 1 }, secret: SECRET })

const subjectOf = (row: MessageRow | undefined, changes: MessageRow[] = []): Subject | undefined =>
  row && { row, current: currentOf(row, changes) }
const composed = (body: object, row?: MessageRow, now = NOW, changes: MessageRow[] = []) =>
  compose(NewMessage.parse(body), subjectOf(row, changes), now)

function problemOf(run: () => unknown): [string, string | undefined] {
  try {
    run()
  } catch (error) {
    if (error instanceof Problem) return [error.code, error.details.errors?.[0]?.field]
    throw error
  }
  throw new Error('nothing was wrong')
}

test.each<[object, MessageRow?]>([
  [{ to, text: 'Hi', mentions: [to], preview: undefined }],
  [{ to, text: 'See https://example.org/a', preview: { url: 'https://example.org/a', title: 'A' } }],
  [{ to, text: 'Hi', quote: { id: message } }, poll],
  [{ type: 'location', to, location: { latitude: 1, longitude: 2 } }],
  [{ type: 'contacts', to, contacts: [{ name: 'Ana', phoneNumber: to }] }],
  [{ type: 'poll', to, poll: { question: 'Lunch?', options: ['Yes', 'No'] } }],
  [{ type: 'forward', to: '+5511999990009', message }, poll],
  [{ type: 'reaction', message, emoji: '👍' }, text],
  [{ type: 'edit', message, text: 'Ho' }, ours],
  [{ type: 'delete', message }, ours],
  [{ type: 'vote', message, options: ['No'] }, poll],
])('%j becomes a message that can be stored', (body, row) => {
  const { chat, message: made } = composed(body, row)
  expect(UnifiedMessage.parse(made)).toEqual(made)
  expect(chat).toBe('to' in body ? `${(body.to as string).slice(1)}@s.whatsapp.net` : row!.chat)
})

test('an answer carries what it answers, as it is now, and no secret', () => {
  const edited = rowOf(
    { type: 'edit', target: { whatsappId: text.whatsapp_id, fromMe: false }, text: 'Hi there', at: NOW },
    { chat: text.chat },
  )
  const answer = composed({ to, text: 'Yes', quote: { id: message } }, text, NOW, [edited]).message
  expect(answer).toMatchObject({
    quote: { whatsappId: text.whatsapp_id, fromMe: false, author: { phoneNumber: to }, message: { text: 'Hi there' } },
  })
  expect(JSON.stringify(composed({ to, text: 'Yes', quote: { id: message } }, poll).message)).not.toContain(SECRET)
})

test('a forwarded poll is a poll of its own', () => {
  const { message: made } = composed({ type: 'forward', to, message }, poll)
  expect(made).toMatchObject({ type: 'poll', forwarded: true })
  expect(made).not.toMatchObject({ secret: SECRET })
})

describe('is refused', () => {
  const deletion = rowOf({ type: 'delete', target: { whatsappId: text.whatsapp_id, fromMe: false } })
  const reaction = rowOf({ type: 'reaction', target: { whatsappId: 'X', fromMe: true }, emoji: '👍' })
  const failed = rowOf({ type: 'text', text: 'Hi' }, { from_me: true, status: 'failed' })
  const place = rowOf({ type: 'location', location: { latitude: 1, longitude: 2 } }, { from_me: true })
  const unknown = rowOf({ type: 'unsupported', kind: 'orderMessage' })
  test.each<[string, object, MessageRow | undefined, string, (string | undefined)?]>([
    ['what is about nothing', { type: 'reaction', message, emoji: '👍' }, undefined, 'unknown_message'],
    ['an answer to nothing', { to, text: 'x', quote: { id: message } }, undefined, 'unknown_message'],
    [
      'an answer in another chat',
      { to: '+5511999990009', text: 'x', quote: { id: message } },
      text,
      'quote_of_another_chat',
    ],
    ["an edit of somebody else's", { type: 'edit', message, text: 'x' }, text, 'not_your_message'],
    ["a deletion of somebody else's", { type: 'delete', message }, text, 'not_your_message'],
    ['an edit of a place', { type: 'edit', message, text: 'x' }, place, 'message_not_changeable'],
    ['a vote in no poll', { type: 'vote', message, options: [] }, text, 'message_not_changeable'],
    ['a reaction to a reaction', { type: 'reaction', message, emoji: '👍' }, reaction, 'message_not_changeable'],
    ['a reaction to what was never sent', { type: 'reaction', message, emoji: '👍' }, failed, 'message_not_changeable'],
    ['forwarding what we do not know', { type: 'forward', to, message }, unknown, 'message_not_changeable'],
    [
      'an option that the poll lacks',
      { type: 'vote', message, options: ['x'] },
      poll,
      'validation_failed',
      'body.options',
    ],
    ['too many options', { type: 'vote', message, options: ['Yes', 'No'] }, poll, 'validation_failed', 'body.options'],
    [
      'a preview of another page',
      { to, text: 'x', preview: { url: 'https://example.org', title: 'x' } },
      undefined,
      'validation_failed',
      'body.preview.url',
    ],
  ])('%s', (_, body, row, code, field) => {
    expect(problemOf(() => composed(body, row))).toEqual([code, field])
  })

  test('anything about what was deleted', () => {
    const about = () => composed({ type: 'reaction', message, emoji: '👍' }, text, NOW, [deletion])
    expect(problemOf(about)[0]).toBe('message_not_changeable')
  })

  test('an edit after 15 minutes, and not before', () => {
    const edit = (now: number) => composed({ type: 'edit', message, text: 'x' }, ours, now)
    expect(edit(NOW + 15 * MINUTE).message).toMatchObject({ type: 'edit' })
    expect(problemOf(() => edit(NOW + 15 * MINUTE + 1))[0]).toBe('edit_too_late')
  })
})
