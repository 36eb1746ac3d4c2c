import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from './until.ts'
import { World } from './world.ts'

const PHONE = '5511900000001'
const CONTACT = '5511900000002'

describe('a session on a worker', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
    await world.whatsapp.createPhone({ number: PHONE, name: 'Acme Support' })
    await world.whatsapp.createPhone({ number: CONTACT, name: 'Ana' })
  })
  afterAll(() => world.close())

  test('links by QR, sends, receives, and goes on in a new boot without a code', async () => {
    const pod = { name: 'worker-1', podUid: '00000000-0000-4000-8000-000000000001' }
    const first = await world.startWorker(pod)
    const session = await world.addSession('support')
    await session.place(first)
    await session.link(first, PHONE)
    expect(await session.state()).toMatchObject({ state: 'Connected', phone_number: `+${PHONE}` })

    await session.addSend(CONTACT, 'hello')
    await session.untilMessage('hello', 'delivered')
    await world.whatsapp.sendText(CONTACT, PHONE, 'hi there')
    expect(await session.untilMessage('hi there')).toMatchObject({
      chat: `${CONTACT}@s.whatsapp.net`,
      from_me: false,
      sender_phone: `+${CONTACT}`,
      sender_name: 'Ana',
      status: 'received',
    })
    await world.whatsapp.readChat(CONTACT, PHONE)
    await session.untilMessage('hello', 'read')

    await first.stop()
    await world.whatsapp.sendText(CONTACT, PHONE, 'while away')
    await session.addSend(CONTACT, 'queued while away')
    await world.startWorker(pod)
    await session.untilMessage('while away')
    await session.untilMessage('queued while away', 'delivered')
    expect((await session.state())?.epoch).toBe(2)
    const resource = await until(async () => {
      const found = await session.resource()
      return found.status?.connection?.state === 'Connected' && found.status.connection.epoch === 2 ? found : undefined
    })
    expect(resource.status?.conditions?.map(({ type, status }) => `${type}=${status}`).sort()).toEqual([
      'Connected=True',
      'Linked=True',
    ])
    expect((await session.messages()).map(({ content }) => content.text).sort()).toEqual([
      'hello',
      'hi there',
      'queued while away',
      'while away',
    ])
    expect(await world.whatsapp.faults()).toEqual([])
  })

  test('sends what is scheduled when its time has come; what waits when the account is logged out fails', async () => {
    const worker = await world.startWorker()
    const session = await world.addSession('scheduled')
    await session.place(worker)
    const phone = '5511900000009'
    await world.whatsapp.createPhone({ number: phone, name: 'Acme Orders' })
    await session.link(worker, phone)
    await session.addMessage(CONTACT, { type: 'text', text: 'in a second' }, 'queued', { inSeconds: 1 })
    const { id } = await session.addMessage(CONTACT, { type: 'text', text: 'in an hour' }, 'queued', {
      inSeconds: 3600,
    })
    await session.untilMessage('in a second', 'delivered')
    const { device } = (await world.whatsapp.devices()).find(({ number }) => number === phone)!
    await world.whatsapp.force(phone, device, 'logout')
    await session.untilState('LoggedOut')
    await session.addSend(CONTACT, 'too late')
    expect((await session.untilMessage('too late', 'failed')).error_code).toBe('session_logged_out')
    expect((await session.untilMessage('in an hour')).status).toBe('queued') // it may be linked again by then
    expect(await session.cancel(id)).toBe(true)
    await session.place(undefined)
  })

  test('without a phone it holds no connection until somebody asks for a code', async () => {
    const worker = await world.startWorker()
    const session = await world.addSession('unlinked')
    await session.place(worker)
    await session.untilState('WaitingForScan')
    expect(await session.state()).toMatchObject({ reason: 'NobodyLooks' })
    expect(await world.whatsapp.waiting()).toEqual([])
    const { status, body } = await world.call(worker, `GET /sessions/${session.id}/qr?wait=15`)
    expect([status, body]).toMatchObject([200, { number: 1 }])
    expect(await world.whatsapp.waiting()).toHaveLength(1)
    await until(async () => ((await session.state())?.reason === 'CodeReady' ? true : undefined))
    await session.place(undefined)
    await until(async () => ((await world.whatsapp.waiting()).length === 0 ? true : undefined))
  })

  test('links by a code that is typed on the phone, and again after a logout', async () => {
    const number = '5511900000003'
    await world.whatsapp.createPhone({ number, name: 'Acme Sales' })
    const worker = await world.startWorker()
    const session = await world.addSession('by-code')
    await session.place(worker)
    const pairingCode = async (phoneNumber: string) =>
      world.call(worker, `POST /sessions/${session.id}/pairing-code`, { phoneNumber })

    await session.untilState('WaitingForScan')
    expect(await pairingCode('+5511999999999')).toMatchObject({ status: 409, body: { code: 'refused' } })
    const { status, body } = await pairingCode(`+${number}`)
    const { code, expiresAt } = body as { code: string; expiresAt: string }
    expect([status, code]).toEqual([200, expect.stringMatching(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)])
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now() + 60_000)
    expect(await session.state()).toMatchObject({ state: 'WaitingForScan', phone_number: null })
    await world.whatsapp.typeCode(number, code)
    await session.untilState('Connected')
    expect(await session.state()).toMatchObject({ phone_number: `+${number}` })
    expect(await pairingCode(`+${number}`)).toMatchObject({ status: 409, body: { code: 'not_waiting_for_scan' } })

    await world.whatsapp.sendText(CONTACT, number, 'before')
    await session.untilMessage('before')
    const { device } = (await world.whatsapp.devices()).find((one) => one.number === number)!
    await world.whatsapp.force(number, device, 'logout')
    await session.untilState('LoggedOut')
    expect(await pairingCode(`+${number}`)).toMatchObject({ status: 409, body: { state: 'LoggedOut' } })
    await session.patchSpec({ linking: { attempt: 1 } })
    await session.untilState('WaitingForScan')
    const again = (await pairingCode(`+${number}`)).body as { code: string }
    await world.whatsapp.typeCode(number, again.code)
    await session.untilState('Connected')
    await world.whatsapp.sendText(CONTACT, number, 'after')
    await session.untilMessage('after')
    expect((await session.messages()).map(({ content }) => content.text)).toEqual(['before', 'after'])
    expect(await world.whatsapp.faults()).toEqual([])
  })

  test('asks WhatsApp for profiles, numbers and groups, changes its own, blocks, and shows and sees presence', async () => {
    const [number, friend] = ['5511900000004', '5511900000005']
    await world.whatsapp.createPhone({ number, name: 'Acme Office' })
    await world.whatsapp.createPhone({ number: friend, name: 'Bea' })
    await world.whatsapp.changeProfile(friend, { about: 'At the beach', picture: 'aaaa' })
    const group = await world.whatsapp.createGroup({ subject: 'Beach', members: [friend, number] })
    const worker = await world.startWorker()
    const session = await world.addSession('curious')
    await session.place(worker)
    const ask = async (question: string, input: object = {}) =>
      (await world.call(worker, `POST /sessions/${session.id}/questions/${question}`, input)).body
    const show = async (presence: object) =>
      (await world.call(worker, `PUT /sessions/${session.id}/presence`, presence)).status
    await session.untilState('WaitingForScan')
    expect(await ask('profile')).toMatchObject({ code: 'not_connected' })
    await session.link(worker, number)

    expect(await ask('profile')).toMatchObject({ phoneNumber: `+${number}`, name: 'Acme Office' })
    const chat = `${friend}@s.whatsapp.net`
    const { pictureUrl } = await world.whatsapp.profile(friend)
    expect(await ask('contact', { chat })).toMatchObject({
      phoneNumber: `+${friend}`,
      about: 'At the beach',
      pictureUrl,
    })
    expect(await ask('number', { phoneNumber: `+${friend}` })).toMatchObject({ exists: true, chat })
    expect(await ask('number', { phoneNumber: '+5511999999999' })).toEqual({ exists: false })
    expect(await ask('contact', { chat: '5511999999999@s.whatsapp.net' })).toMatchObject({ code: 'not_found' })
    expect(await ask('groups')).toMatchObject({ groups: [{ id: group.id, subject: 'Beach', size: 2 }] })
    expect(await ask('group', { chat: group.id })).toMatchObject({
      owner: { phoneNumber: `+${friend}` },
      members: [
        { phoneNumber: `+${friend}`, role: 'owner' },
        { phoneNumber: `+${number}`, role: 'member' },
      ],
    })
    expect(await ask('group', { chat: '120363000000000000@g.us' })).toMatchObject({ code: 'not_found' })

    const act = async (name: string, input: object) =>
      (await world.call(worker, `POST /sessions/${session.id}/acts/${name}`, input)).body
    expect(await act('setBlocked', { chat, blocked: true })).toEqual({})
    expect(await ask('blocked')).toEqual({
      people: [{ phoneNumber: `+${friend}`, lid: expect.stringMatching(/@lid$/) }],
    })
    expect(await world.whatsapp.blocked(number)).toEqual([friend])
    expect(await act('setBlocked', { chat, blocked: false })).toEqual({})
    expect(await ask('blocked')).toEqual({ people: [] })
    const nobody = '5511999999999@s.whatsapp.net'
    expect(await act('setBlocked', { chat: nobody, blocked: true })).toMatchObject({ code: 'not_found' })

    const picture = Buffer.from('a sign').toString('base64')
    expect(await act('setPicture', { picture })).toEqual({})
    expect(await act('changeProfile', { change: { about: 'Open' } })).toEqual({})
    const shown = await world.whatsapp.profile(number)
    expect(await ask('profile')).toMatchObject({ about: 'Open', pictureUrl: shown.pictureUrl })
    expect(await (await fetch(shown.pictureUrl!)).text()).toBe('a sign')
    expect(await act('setPicture', {})).toEqual({})
    expect((await world.whatsapp.profile(number)).pictureUrl).toBeNull()
    expect(await act('setPicture', { chat: group.id, picture })).toEqual({})
    expect(await act('setPicture', { chat: '120363000000000000@g.us', picture })).toMatchObject({ code: 'not_found' })
    const rename = () => act('changeProfile', { change: { name: 'Acme' } })
    expect(await rename()).toMatchObject({ code: 'refused', message: expect.stringContaining('Open WhatsApp') })
    await world.whatsapp.tellDevices(number, 'app-state-key')
    await until(async () => (Object.keys((await rename()) as object).length === 0 ? true : undefined))
    expect(await ask('profile')).toMatchObject({ name: 'Acme' })
    expect(await world.whatsapp.profile(number)).toMatchObject({ name: 'Acme' })

    expect(await show({ presence: 'available' })).toBe(204)
    await until(async () => ((await world.whatsapp.presence(number)).online ? true : undefined))
    expect(await show({ presence: 'composing', chat })).toBe(204)
    await until(async () => (await world.whatsapp.presence(number)).activities[0])
    expect(await ask('presence', { chat, waitSeconds: 5 })).toMatchObject({ presence: 'unavailable' })
    await world.whatsapp.showPhone(friend, true)
    await world.whatsapp.act(friend, { chat: number, activity: 'composing' })
    const seen = () => ask('presence', { chat, waitSeconds: 5 }) as Promise<{ presence: string }>
    await until(async () => ((await seen()).presence === 'composing' ? true : undefined))
    expect(await world.whatsapp.faults()).toEqual([])
  })
})
