import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import { expect, test } from 'vitest'
import { replyTo } from './reply.ts'

const NOW = new Date('2026-01-05T10:15:00Z')
const rule = { strategy: 'static', settings: { text: 'Thank you!' } }
const message: ReceivedMessage = {
  id: '019b8a40-1c2d-7a3b-8c4d-5e6f7a8b9c0d',
  chat: '5511999990002@s.whatsapp.net',
  whatsappId: '3EB0AA',
  fromMe: false,
  type: 'text',
  content: { text: 'Hello' },
  status: 'received',
  sentAt: NOW,
}

test('a message is answered under an id of its own, which is the same every time', () => {
  const [first, again] = [replyTo(message, rule, NOW), replyTo({ ...message, id: 'another' }, rule, NOW)]
  expect(first).toMatchObject({ chat: message.chat, fromMe: true, status: 'queued', content: { text: 'Thank you!' } })
  expect(again?.whatsappId).toBe(first?.whatsappId)
  expect(replyTo({ ...message, whatsappId: '3EB0AB' }, rule, NOW)?.whatsappId).not.toBe(first?.whatsappId)
})

test.each([
  ['no rule', {}, undefined],
  ['an unknown strategy', {}, { strategy: 'oracle', settings: {} }],
  ['settings of another release', {}, { strategy: 'static', settings: { words: 1 } }],
  ['an own message', { fromMe: true }, rule],
  ['a group', { chat: '120363001234567890@g.us' }, rule],
  ['a reaction', { type: 'reaction' }, rule],
  ['a message of the day before yesterday', { sentAt: new Date('2026-01-03T10:15:00Z') }, rule],
])('%s gets no reply', (_, change, given) => {
  expect(replyTo({ ...message, ...change }, given, NOW)).toBeUndefined()
})
