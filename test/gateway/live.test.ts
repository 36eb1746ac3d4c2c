/** What goes through to WhatsApp at once: pairing codes, profiles, contacts, groups, presence. */
import { randomUUID } from 'node:crypto'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FakeWorker } from './fake-worker.ts'
import { untilRefused } from './until-refused.ts'
import { type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant
let owner: FakeWorker
let support: string
const logged: string[] = []

beforeAll(async () => {
  const log = createLogger('gateway', { write: (line: string) => logged.push(line) })
  world = await World.start({ log, holds: { moveMs: 50 } })
  acme = await world.addTenant('acme')
  const connected = await world.addConnected(acme, 'support')
  support = connected.id
  owner = connected.worker
})
afterAll(() => world.close())

const get = async (path: string) => world.call(acme, `GET /v1/sessions/support/${path}`)

describe('a pairing code', () => {
  const ask = (name: string, phoneNumber: string) =>
    world.call(acme, `POST /v1/sessions/${name}/pairing-code`, { body: { phoneNumber } })

  test('is answered once, and stands in no log', async () => {
    const id = await world.addSession(acme, 'unlinked')
    await owner.claim(id, 1)
    await owner.setState(id, 'WaitingForScan')
    const answer = await ask('unlinked', '+5511999990001')
    expect([answer.status, answer.body]).toMatchObject([201, { code: 'ABCD-EFGH' }])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(owner.asked.at(-1)).toEqual({ phoneNumber: '+5511999990001' })
    expect(logged.join()).toContain('pairing-code')
    expect(logged.join()).not.toContain('ABCD')
  })

  test('is announced on a phone: 10 in an hour, and no more', async () => {
    const id = await world.addSession(acme, 'nagging')
    await owner.claim(id, 1)
    await owner.setState(id, 'WaitingForScan')
    const answers = await Promise.all(Array.from({ length: 11 }, () => ask('nagging', '+5511999990001')))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
    expect(answers.find(({ status }) => status !== 201)!.body.code).toBe('too_many_pairing_codes')
  })

  test('of a linked session, a session that is not there, or for no number: a problem', async () => {
    expect((await ask('support', '+5511999990001')).body.code).toBe('session_already_linked')
    expect((await ask('missing', '+5511999990001')).body.code).toBe('session_not_found')
    const answer = await ask('unlinked', '0170 1234567')
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, 'body.phoneNumber'])
  })
})

describe('what WhatsApp tells', () => {
  test('the own profile, a number, the groups and one of them', async () => {
    expect((await get('profile')).body).toEqual({ phoneNumber: '+5511999990001', name: 'Acme Support' })
    const number = await get('numbers/+5511999990002')
    expect(number.body).toEqual({ phoneNumber: '+5511999990002', exists: true, id: '5511999990002@s.whatsapp.net' })
    const group = { id: '120363041234567890@g.us', subject: 'Acme', size: 1, announcements: false, locked: false }
    expect((await get('groups')).body).toEqual({ data: [group], nextCursor: null })
    const members = [{ phoneNumber: '+5511999990001', role: 'owner' }]
    expect((await get(`groups/${group.id}`)).body).toEqual({ ...group, members })
    expect(owner.asked.at(-1)).toEqual({ chat: group.id })
  })

  test('groups come in pages, in the order of their ids', async () => {
    const ids = ['120363000000000003@g.us', '120363000000000001@g.us', '120363000000000002@g.us']
    const before = owner.answers.groups
    owner.answers.groups = {
      groups: ids.map((id) => ({ id, subject: id, size: 2, announcements: false, locked: false })),
    }
    const first = await get('groups?limit=2')
    const second = await get(`groups?limit=2&cursor=${first.body.nextCursor}`)
    owner.answers.groups = before
    const shown = [first, second].flatMap(({ body }) => body.data.map((one: { id: string }) => one.id))
    expect(shown).toEqual([...ids].sort())
    expect(second.body.nextCursor).toBeNull()
  })

  test('a contact: what they show, under the name by which they wrote', async () => {
    const message: Omit<ReceivedMessage, 'id' | 'whatsappId' | 'chat'> = {
      fromMe: false,
      type: 'text',
      content: { text: 'hi' },
      status: 'received',
      sentAt: new Date(),
    }
    const ana = { senderPhone: '+5511999990002', senderLid: '22@lid', chat: '5511999990002@s.whatsapp.net' }
    const senders = [
      { ...ana, senderName: 'Ana' },
      { ...ana, chat: '120363041234567890@g.us' },
      { ...ana, senderName: 'Ana Maria' },
      { senderLid: '333333@lid', senderName: 'Bea', chat: '120363041234567890@g.us' },
      { fromMe: true, chat: '5511999990009@s.whatsapp.net', senderPhone: '+5511999990001', status: 'sent' as const },
    ]
    const received = senders.map((sender) => ({
      ciphertextHash: randomUUID(),
      message: { ...message, ...sender, id: randomUUID(), whatsappId: randomUUID() },
    }))
    await owner.write(support, { received })
    const first = await get('contacts?limit=2')
    const second = await get(`contacts?limit=2&cursor=${first.body.nextCursor}`)
    expect([...first.body.data, ...second.body.data]).toMatchObject([
      { id: '333333@lid', lid: '333333@lid', name: 'Bea' },
      { id: '5511999990002@s.whatsapp.net', phoneNumber: '+5511999990002', lid: '22@lid', name: 'Ana Maria' },
      { id: '5511999990009@s.whatsapp.net', phoneNumber: '+5511999990009' },
    ])
    expect((await get('contacts/+5511999990002')).body).toEqual({
      id: '5511999990002@s.whatsapp.net',
      phoneNumber: '+5511999990002',
      name: 'Ana Maria',
      about: 'At the beach',
    })
  })

  test.each([
    ['not_found', 'contacts/+5511999990002', 404, 'contact_not_found'],
    ['not_found', 'groups/120363041234567890@g.us', 404, 'group_not_found'],
    ['not_connected', 'profile', 503, 'session_not_connected'],
    ['refused', 'profile', 409, 'whatsapp_refused'],
    ['rate_limited', 'groups', 429, 'whatsapp_rate_limited'],
    ['no_answer', 'profile', 503, 'whatsapp_no_answer'],
    ['busy', 'profile', 429, 'session_busy'],
  ] as const)('%s to %s is %i %s', async (failure, path, status, code) => {
    owner.refuses = failure
    const answer = await get(path)
    owner.refuses = undefined
    expect([answer.status, answer.body.code]).toEqual([status, code])
    if (status === 429 || status === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('a session looks up so many numbers in an hour, and asks WhatsApp for no more', async () => {
    const { id, worker } = await world.addConnected(acme, 'curious')
    const look = () => world.call(acme, 'GET /v1/sessions/curious/numbers/+5511999990002')
    const { done, refused } = await untilRefused(look, 150)
    expect(done).toBeGreaterThanOrEqual(100)
    expect(refused.body.code).toBe('too_many_lookups')
    expect(worker.calls.filter((call) => call.includes(id))).toHaveLength(done)
  })
})

describe('presence', () => {
  test('of a contact is asked of WhatsApp', async () => {
    expect((await get('contacts/+5511999990002/presence?wait=1')).body).toMatchObject({ presence: 'available' })
    expect(owner.asked.at(-1)).toEqual({ chat: '5511999990002@s.whatsapp.net', waitSeconds: 1 })
  })

  test('is shown to all, or in one chat', async () => {
    const put = (path: string, presence: string) =>
      world.call(acme, `PUT /v1/sessions/support/${path}`, { body: { presence } })
    expect((await put('presence', 'available')).body).toEqual({ presence: 'available' })
    expect((await put('chats/+5511999990002/presence', 'composing')).body).toEqual({ presence: 'composing' })
    expect(owner.asked.slice(-2)).toEqual([
      { presence: 'available' },
      { presence: 'composing', chat: '5511999990002@s.whatsapp.net' },
    ])
    expect((await put('presence', 'composing')).body.code).toBe('validation_failed')
    expect((await put('chats/nobody/presence', 'composing')).body.errors[0].field).toBe('params.chat')
  })
})
