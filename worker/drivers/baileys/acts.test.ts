import type { WASocket } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { Live } from './live.ts'

const GROUP = '120363000000000001@g.us'

/** A connection on which WhatsApp does to groups what the test says. */
function connected(groups: Partial<Record<keyof WASocket, () => Promise<unknown>>>): Live {
  const live = new Live({ get: async () => ({}) }, { person: { pn: '5511900000001@s.whatsapp.net' } })
  live.opened(groups as unknown as WASocket)
  return live
}

const refusal = (data: number) => Object.assign(new Error('no'), { data })

test('an act that waits when the connection ends may have been done; the next one was not', async () => {
  const live = connected({ groupLeave: () => new Promise(() => {}) })
  const leaving = live.act('leaveGroup', { chat: GROUP })
  live.ended()
  await expect(leaving).rejects.toMatchObject({ code: 'outcome_unknown' })
  await expect(live.act('leaveGroup', { chat: GROUP })).rejects.toMatchObject({ code: 'not_connected' })
})

test.each([
  ['an answer without a code', new Error('Timed Out'), 'outcome_unknown'],
  ['429', refusal(429), 'rate_limited'],
  ['404', refusal(404), 'not_found'],
  ['500', refusal(500), 'refused'],
] as const)('%s is %s', async (_, error, code) => {
  const live = connected({ groupLeave: () => Promise.reject(error) })
  await expect(live.act('leaveGroup', { chat: GROUP })).rejects.toMatchObject({ code })
})

test.each([
  ['a member', undefined, 'not_admin'],
  ['no member', 403, 'not_found'],
  ['not told', 500, 'refused'],
] as const)('403 to who is %s', async (_, metadata, code) => {
  const live = connected({
    groupRevokeInvite: () => Promise.reject(refusal(403)),
    groupMetadata: () => (metadata === undefined ? Promise.resolve({}) : Promise.reject(refusal(metadata))),
  })
  await expect(live.act('renewInvite', { chat: GROUP })).rejects.toMatchObject({ code })
})

test('who must be let in by an admin has joined no group yet', async () => {
  const live = connected({ groupAcceptInvite: () => Promise.resolve(undefined) })
  expect(await live.act('joinGroup', { code: 'HbGJ9tZkQ0a1' })).toEqual({})
})
