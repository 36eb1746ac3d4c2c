import type { WASocket } from '@whiskeysockets/baileys'
import { describe, expect, test } from 'vitest'
import { SendRefused } from '../driver.ts'
import { lookUpGroup } from './send.ts'

const GROUP = '120363000000000001@g.us'

/** A group of ourselves, Ana and Ben, of whom these have devices that WhatsApp tells; `answers`: it answers at all. */
const socket = (known: string[], answers: boolean, refusal?: number): WASocket =>
  ({
    user: { id: '5511900000001:1@s.whatsapp.net', lid: '100:1@lid' },
    groupMetadata: async () => {
      if (refusal !== undefined) throw Object.assign(new Error('no'), { data: refusal })
      return { id: GROUP, participants: ['100@lid', '200@lid', '300@lid'].map((id) => ({ id })) }
    },
    getUSyncDevices: async () => known.map((user) => ({ user, jid: `${user}@lid` })),
    onWhatsApp: async () => (answers ? [] : undefined),
  }) as unknown as WASocket

describe('a group that is looked up', () => {
  test('is found when the devices of all members are known', async () => {
    expect(await lookUpGroup(socket(['200', '300'], false), GROUP)).toMatchObject({ id: GROUP })
  })

  test('is no good while WhatsApp does not tell the devices of a member', async () => {
    await expect(lookUpGroup(socket(['200'], false), GROUP)).rejects.toThrow('did not tell')
    await expect(lookUpGroup(socket([], false), GROUP)).rejects.not.toBeInstanceOf(SendRefused)
  })

  test('is found without the devices of a member who has none', async () => {
    expect(await lookUpGroup(socket(['200'], true), GROUP)).toMatchObject({ id: GROUP })
  })

  test.each([403, 404])('is refused when WhatsApp answers %i, and only then', async (code) => {
    await expect(lookUpGroup(socket([], true, code), GROUP)).rejects.toMatchObject({ code: 'not_in_group' })
    await expect(lookUpGroup(socket([], true, 500), GROUP)).rejects.toThrow('no')
  })
})
