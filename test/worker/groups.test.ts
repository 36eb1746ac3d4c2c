/** Groups, through a worker: both ways, two accounts of ours in one group, and a key that may not have arrived. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'

const [SHOP, OFFICE, ANA, BOB] = ['5511900000001', '5511900000002', '5511911111111', '5511922222222'] as const

describe('a group', () => {
  let world: World
  let worker: TestWorker
  let group: string
  let shop: TestSession
  let office: TestSession

  beforeAll(async () => {
    world = await World.start()
    for (const number of [SHOP, OFFICE, ANA, BOB]) await world.whatsapp.createPhone({ number, name: `Name ${number}` })
    group = (await world.whatsapp.createGroup({ subject: 'All', members: [ANA, BOB, SHOP, OFFICE] })).id
    worker = await world.startWorker()
    const link = async (name: string, phone: string) => {
      const session = await world.addSession(name)
      await session.place(worker)
      await session.link(worker, phone)
      return session
    }
    ;[shop, office] = [await link('shop', SHOP), await link('office', OFFICE)]
  })
  afterAll(() => world.close())
  afterEach(async () => {
    expect(await world.whatsapp.faults()).toEqual([])
  })

  const shown = async (member: string) =>
    (await world.whatsapp.messages(member, group)).map(({ sender, text }) => `${sender} ${text}`)

  test('gets what a session sends, and tells it', async () => {
    for (const text of ['first', 'second']) {
      const { whatsappId } = await shop.addSend(group, text)
      await shop.untilMessage(text, 'delivered')
      expect(await office.untilMessage(text)).toMatchObject({
        chat: group,
        whatsapp_id: whatsappId,
        from_me: false,
        sender_phone: `+${SHOP}`,
      })
    }
    const wanted = [`${SHOP} first`, `${SHOP} second`]
    for (const member of [ANA, BOB, OFFICE, SHOP]) expect(await shown(member)).toEqual(wanted)
  })

  test('is one chat in the list, whoever of its members writes', async () => {
    await world.whatsapp.sendText(ANA, group, 'from Ana')
    await world.whatsapp.sendText(SHOP, group, 'from my own phone')
    await office.addSend(group, 'from the office')
    expect(await shop.untilMessage('from Ana')).toMatchObject({
      chat: group,
      from_me: false,
      sender_phone: `+${ANA}`,
      sender_name: `Name ${ANA}`,
    })
    expect(await shop.untilMessage('from my own phone')).toMatchObject({ chat: group, from_me: true })
    expect(await shop.untilMessage('from the office')).toMatchObject({ chat: group, sender_phone: `+${OFFICE}` })
    expect(await office.untilMessage('from my own phone')).toMatchObject({ chat: group, sender_phone: `+${SHOP}` })
    await office.untilMessage('from the office', 'delivered')
  })

  test('that an account is not in fails with its own code', async () => {
    const others = (await world.whatsapp.createGroup({ subject: 'Others', members: [ANA, BOB] })).id
    await shop.addSend(others, 'let me in')
    expect(await shop.untilMessage('let me in', 'failed')).toMatchObject({ error_code: 'not_in_group' })
  })

  test('gets the key again with a message that may not have got out', async () => {
    await shop.addSend(group, 'all have the key')
    await shop.untilMessage('all have the key', 'delivered')
    // As if that message, with the key, had been lost on its way, and the worker that wrote it had died.
    await shop.place(undefined)
    const free = 'SELECT 1 FROM session_owner WHERE session_id = $1 AND released_at IS NOT NULL'
    await until(async () => (await world.sql(free, shop.id))[0])
    const simulator = new DatabaseSync(join(world.dataDir, 'simulator.db'))
    simulator.exec('DELETE FROM phone_sender_key')
    simulator.close()
    await shop.addSend(group, 'once more', 'sending')
    await shop.place(worker)
    await shop.untilMessage('once more', 'delivered')
    expect(await shown(ANA)).toContain(`${SHOP} once more`)
  })
})
