import { expect, test } from 'vitest'
import { chatOf, recipientOf } from './chat.ts'

test.each([
  ['+5511999990002', '5511999990002@s.whatsapp.net'],
  ['5511999990002@s.whatsapp.net', '5511999990002@s.whatsapp.net'],
  ['123456789012345@lid', '123456789012345@lid'],
  ['120363012345678901@g.us', '120363012345678901@g.us'],
  ['5511999990002', undefined],
  ['+0511999990002', undefined],
  ['+55 11 99999-0002', undefined],
  ['+123456', undefined],
  ['+1234567890123456', undefined],
  ['status@broadcast', undefined],
  ['5511999990002:3@s.whatsapp.net', undefined],
  ['+5511999990002\n', undefined],
])('%s → %s', (recipient, chat) => expect(chatOf(recipient)).toBe(chat))

test('a chat that is named by a phone number is shown as one', () => {
  expect(recipientOf('5511999990002@s.whatsapp.net')).toBe('+5511999990002')
  expect(recipientOf('123456789012345@lid')).toBe('123456789012345@lid')
})
