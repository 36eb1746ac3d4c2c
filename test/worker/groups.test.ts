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

  test('is made, changed and left by a session, which is told what WhatsApp refuses', async () => {
    const act = async (name: string, input: object) =>
      (await world.call(worker, `POST /sessions/${shop.id}/acts/${name}`, input)).body
    const look = async (chat: string) =>
      (await world.call(worker, `POST /sessions/${shop.id}/questions/group`, { chat })).body
    const [ana, bob, nobody] = [ANA, BOB, '5511999999999'].map((number) => `${number}@s.whatsapp.net`) as [
      string,
      string,
      string,
    ]

    await world.whatsapp.changeProfile(BOB, { asksFirst: true })
    const made = await act('createGroup', { subject: 'Team', members: [ana, bob, nobody] })
    const { id: chat } = made as { id: string }
    expect(made).toEqual({
      id: chat,
      missing: [
        { phoneNumber: `+${BOB}`, outcome: 'invitation_needed' },
        { phoneNumber: `+${nobody.split('@')[0]}`, outcome: 'not_on_whatsapp' },
      ],
    })
    await world.whatsapp.changeProfile(BOB, { asksFirst: false })
    expect(await look(chat)).toMatchObject({ subject: 'Team', size: 2, locked: false })
    expect(await act('addMembers', { chat, members: [ana, bob] })).toMatchObject({
      members: [
        { phoneNumber: `+${ANA}`, outcome: 'already_member' },
        { phoneNumber: `+${BOB}`, outcome: 'added' },
      ],
    })
    expect(await act('setRole', { chat, member: bob, role: 'admin' })).toEqual({})
    for (const change of [
      { subject: 'The team' },
      { description: 'Ours' },
      { announcements: true },
      { locked: true },
    ]) {
      expect(await act('changeGroup', { chat, change })).toEqual({})
    }
    expect(await look(chat)).toMatchObject({
      subject: 'The team',
      description: 'Ours',
      announcements: true,
      locked: true,
      members: [
        { phoneNumber: `+${SHOP}`, role: 'owner' },
        { phoneNumber: `+${ANA}`, role: 'member' },
        { phoneNumber: `+${BOB}`, role: 'admin' },
      ],
    })
    expect(await act('removeMember', { chat, member: ana })).toEqual({})
    expect(await act('removeMember', { chat, member: ana })).toMatchObject({ code: 'not_a_member' })
    expect(await act('leaveGroup', { chat })).toEqual({})
    for (const again of ['leaveGroup', 'renewInvite'])
      expect(await act(again, { chat })).toMatchObject({ code: 'not_found' })
    expect(await act('removeMember', { chat: group, member: ana })).toMatchObject({ code: 'not_admin' })
    expect(await act('renewInvite', { chat: group })).toMatchObject({ code: 'not_admin' })
  })

  test('whose making the end of the connection cut off is told as such, and not made behind the caller', async () => {
    const create = async () =>
      (await world.call(worker, `POST /sessions/${shop.id}/acts/createGroup`, { subject: 'Cut off', members: [] })).body
    const match = { direction: 'from-device', number: SHOP, tag: 'iq', type: 'w:g2' } as const
    await world.whatsapp.disturb({ match, action: { kind: 'end', condition: 'drop' } })
    expect(await create()).toMatchObject({ code: 'outcome_unknown' })
    const connected = async () => ((await create()) as { code?: string }).code === undefined
    await until(async () => ((await connected()) ? true : undefined))
    const made = (await world.whatsapp.groups()).filter(({ subject }) => subject === 'Cut off')
    expect(made.map(({ members }) => members)).toEqual([[SHOP]])
  })

  test('is joined by its invitation, as long as that is good', async () => {
    const of = (session: TestSession) => async (asked: string, input: object) =>
      (await world.call(worker, `POST /sessions/${session.id}/${asked}`, input)).body as Record<string, string>
    const [here, there] = [of(shop), of(office)]
    const { id: chat } = await here('acts/createGroup', { subject: 'Open', members: [] })
    const { code } = await here('questions/invite', { chat })
    expect(await there('acts/joinGroup', { code })).toEqual({ chat })
    expect(await there('acts/joinGroup', { code })).toMatchObject({ code: 'already_a_member' })
    expect(await there('questions/invite', { chat })).toMatchObject({ code: 'not_admin' })
    await there('acts/leaveGroup', { chat })
    expect((await here('acts/renewInvite', { chat })).code).not.toBe(code)
    expect(await there('acts/joinGroup', { code })).toMatchObject({ code: 'invite_invalid' })
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
