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
})
