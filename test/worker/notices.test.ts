/** What a session is told besides messages: it acts by it, and its journal is empty afterwards. */
import { link, TestClient } from '@berth/simulator/testing/baileys.ts'
import type { Stanza } from '@berth/simulator/whatsapp/stanza.ts'
import { takeListeners } from '@berth/worker/drivers/baileys/listeners.ts'
import { quietLogger, succeeds } from '@berth/worker/drivers/baileys/logger.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'

const PHONE = '5511900000001'
const CONTACT = '5511900000002'
const MEMBER = '5511900000003'

describe('a session that is told things', () => {
  let world: World
  let worker: TestWorker
  let session: TestSession
  let device: number
  let group: string

  beforeAll(async () => {
    world = await World.start()
    for (const number of [PHONE, CONTACT, MEMBER]) await world.whatsapp.createPhone({ number, name: number })
    group = (await world.whatsapp.createGroup({ subject: 'Friends', members: [PHONE, CONTACT, MEMBER] })).id
    worker = await world.startWorker()
    session = await world.addSession('support')
    await session.place(worker)
    await session.link(worker, PHONE)
    device = (await world.whatsapp.devices())[0]!.device
  })
  afterAll(async () => {
    expect(await world.whatsapp.faults()).toEqual([])
    await world.close()
  })

  const answered = () =>
    until(async () => {
      const { queued } = (await world.whatsapp.devices()).find(({ number }) => number === PHONE)!
      return queued.message + queued.receipt + queued.notification === 0 || undefined
    })
  const journalIsEmpty = () =>
    until(async () => {
      const rows = await world.sql('SELECT FROM journal WHERE session_id = $1 AND done_at IS NULL', session.id)
      return rows.length === 0 || undefined
    })
  /** Sends a message, and answers which devices besides the phone it was encrypted for. */
  const devicesReached = async (to: string): Promise<number[]> => {
    const text = `to ${to} at ${Date.now()}`
    const { whatsappId } = await session.addSend(to, text)
    await session.untilMessage(text, 'delivered')
    const entries = await world.whatsapp.ledgerMessages({ message: whatsappId })
    return entries.flatMap((one) => (one.number === to && one.direction === 'to-device' ? [one.device] : []))
  }

  test('a contact links a device: it gets the next message; and unlinks it: it gets none', async () => {
    await world.whatsapp.sendText(CONTACT, PHONE, 'I know you')
    expect(await devicesReached(CONTACT)).toEqual([])
    const { device: companion } = await world.whatsapp.linkCompanion(CONTACT)
    await answered()
    expect(await devicesReached(CONTACT)).toEqual([companion])
    await world.whatsapp.force(CONTACT, companion, 'logout')
    await answered()
    expect(await devicesReached(CONTACT)).toEqual([])
    await journalIsEmpty()
  })

  test('a member of a group links a device: it can read the next message there', async () => {
    await session.addSend(group, 'to the phones')
    await session.untilMessage('to the phones', 'delivered')
    const companion = new TestClient(world.simulator.websocketUrl, await link(world.whatsapp, MEMBER))
    try {
      await companion.open()
      await answered()
      const { whatsappId } = await session.addSend(group, 'to the companion too')
      expect((await companion.message(whatsappId)).message?.extendedTextMessage?.text).toBe('to the companion too')
    } finally {
      companion.end()
    }
  })

  test('keys, addresses and history from the own phone, calls and settings: each is dealt with', async () => {
    for (const kind of ['lid-mappings', 'history', 'app-state-key'] as const) {
      await world.whatsapp.tellDevices(PHONE, kind)
    }
    for (const kind of ['call', 'identity', 'privacy-token'] as const) {
      await world.whatsapp.notify(PHONE, device, { kind, contact: CONTACT })
    }
    await world.whatsapp.notify(PHONE, device, { kind: 'disappearing-mode' })
    for (const version of [1, 2]) {
      expect(await world.whatsapp.mute(PHONE, CONTACT)).toBe(version)
      await answered()
    }
    await journalIsEmpty()
    await devicesReached(CONTACT)
    const { appState, privacyTokens } = await world.whatsapp.knowledge(PHONE, device)
    expect(appState.regular_high).toBe(1)
    expect(privacyTokens).toEqual([
      { contact: CONTACT, given: privacyTokens[0]!.given, shown: privacyTokens[0]!.given },
    ])
    const people = (await session.messages()).filter(({ from_me }) => !from_me)
    expect(people.map(({ content }) => content.text)).toEqual(['I know you'])
  })

  test('a contact wants a message again: it is sent again under its id', async () => {
    const { whatsappId } = await session.addSend(CONTACT, 'once more')
    await session.untilMessage('once more', 'delivered')
    await world.whatsapp.requestAgain(CONTACT, PHONE, whatsappId)
    await until(async () => {
      const entries = await world.whatsapp.ledgerMessages({ message: whatsappId })
      return entries.some(({ direction, counts }) => direction === 'from-device' && counts.submitted === 2) || undefined
    })
    await answered()
    await journalIsEmpty()
  })

  test('what Baileys fails at is noticed, though it tells nobody but its log', async () => {
    const logger = quietLogger({ debug: () => {} } as never)
    const auth = await link(world.whatsapp, CONTACT)
    const client = await new TestClient(world.simulator.websocketUrl, auth, { logger }).open()
    try {
      const listeners = takeListeners(client.socket.ws, 'CB:notification')
      const attrs = { id: 'never sent', from: '@s.whatsapp.net', type: 'encrypt' }
      const count = (value: string) => [{ tag: 'count', attrs: { value } }]
      const isDone = (content: Stanza[]) => succeeds(() => listeners({ tag: 'notification', attrs, content }))
      expect(await isDone(count('100'))).toBe(true)
      expect(await isDone([])).toBe(false)
      expect(await isDone(count('100'))).toBe(true)
      await until(async () => (await world.whatsapp.faults('unknown-receipt')).length === 3 || undefined)
      await world.whatsapp.clearFaults()
    } finally {
      client.end()
    }
  })
})
