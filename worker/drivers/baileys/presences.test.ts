import { EventEmitter } from 'node:events'
import type { BaileysEventMap, WASocket } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { Presences } from './presences.ts'

const NUMBER = '5511900000002@s.whatsapp.net'
const LID = '77@lid'

function world() {
  let now = 1_000_000
  const ev = new EventEmitter()
  const subscribed: string[] = []
  const socket = {
    ev: ev as unknown as WASocket['ev'],
    presenceSubscribe: async (jid: string) => void subscribed.push(jid),
  }
  const presences = new Presences(() => now)
  presences.follow(socket)
  return {
    subscribed,
    told: (jid: string, data: BaileysEventMap['presence.update']['presences'][string]) =>
      ev.emit('presence.update', { id: jid, presences: { [jid]: data } }),
    pass: (ms: number) => {
      now += ms
    },
    connectAgain: () => presences.follow(socket),
    ask: (chat: string, waitSeconds = 0) =>
      presences.ask(socket, async () => ({ pn: NUMBER, lid: LID }), { chat, waitSeconds }),
  }
}

test('a contact is asked for once on a connection; until it says something it is unknown', async () => {
  const { ask, told, subscribed, connectAgain } = world()
  expect(await ask(NUMBER)).toEqual({ presence: 'unknown' })
  await ask(NUMBER)
  expect(subscribed).toEqual([NUMBER])
  told(NUMBER, { lastKnownPresence: 'available' })
  connectAgain()
  expect(await ask(NUMBER), 'what was told on an earlier connection may be over').toEqual({ presence: 'unknown' })
  expect(subscribed).toEqual([NUMBER, NUMBER])
})

test('the first word is waited for, under whichever address it comes', async () => {
  const { ask, told } = world()
  const answer = ask(NUMBER, 5)
  told('other@lid', { lastKnownPresence: 'available' })
  told(LID, { lastKnownPresence: 'unavailable', lastSeen: 900 })
  expect(await answer).toMatchObject({ presence: 'unavailable', lastSeenAt: '1970-01-01T00:15:00.000Z' })
})

test('who breaks off typing without a word is typing no more', async () => {
  const { ask, told, pass } = world()
  told(NUMBER, { lastKnownPresence: 'available' })
  pass(1)
  told(LID, { lastKnownPresence: 'composing' })
  expect(await ask(NUMBER)).toMatchObject({ presence: 'composing' })
  pass(60_000)
  expect(await ask(NUMBER)).toMatchObject({ presence: 'available', at: '1970-01-01T00:16:40.001Z' })
})
