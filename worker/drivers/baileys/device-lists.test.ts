import type { CacheStore } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { forgetOtherList } from './device-lists.ts'
import type { Person } from './person.ts'

const ANA = { pn: '5511900000002@s.whatsapp.net', lid: '200@lid' }
const findPerson = async (person: Person): Promise<Person> =>
  person.pn === ANA.pn || person.lid === ANA.lid ? ANA : person

test.each([
  ['a number, whose LID is known', { type: 'devices', from: ANA.pn }, ['200']],
  ['a number and its LID', { type: 'devices', from: '5511900000003@s.whatsapp.net', lid: '300@lid' }, ['300']],
  ['a LID, whose number is known', { type: 'devices', from: ANA.lid }, ['5511900000002']],
  ['a number alone', { type: 'devices', from: '5511900000003@s.whatsapp.net' }, []],
  ['something else', { type: 'picture', from: ANA.pn }, []],
])('a notice of %s has the list under the other address forgotten', async (_, attrs, expected) => {
  const forgotten: string[] = []
  const lists = { del: async (user: string) => void forgotten.push(user) } as unknown as CacheStore
  await forgetOtherList({ tag: 'notification', attrs: attrs as Record<string, string> }, lists, findPerson)
  expect(forgotten).toEqual(expected)
})
