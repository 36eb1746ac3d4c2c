/** What goes through to WhatsApp at once and changes something there, and how it may end. */
import { Berth } from '@berth/client'
import { sweep } from '@berth/operator/sweep.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asOwner } from '../postgres/as-owner.ts'
import type { FakeWorker } from './fake-worker.ts'
import { untilRefused } from './until-refused.ts'
import { type TestTenant, World } from './world.ts'

const GROUP = '120363041234567890@g.us'
const ANA = '5511999990002@s.whatsapp.net'

let world: World
let acme: TestTenant
let owner: FakeWorker
let support: string

beforeAll(async () => {
  world = await World.start({ holds: { moveMs: 50 } })
  acme = await world.addTenant('acme')
  const connected = await world.addConnected(acme, 'support')
  owner = connected.worker
  support = connected.id
})
afterAll(() => world.close())

/** @param asked a method, and a path below the session */
const call = (asked: string, body?: object) =>
  world.call(acme, asked.replace(' ', ' /v1/sessions/support/'), body ? { body } : {})

test('a group is made, and says who is missing', async () => {
  const made = await call('POST groups', { subject: 'Acme', members: ['+5511999990002', '210987654321@lid'] })
  expect([made.status, made.body]).toEqual([
    201,
    { id: GROUP, subject: 'Acme', missing: [{ phoneNumber: '+5511999990003', outcome: 'invitation_needed' }] },
  ])
  expect(owner.asked.at(-1)).toEqual({ subject: 'Acme', members: [ANA, '210987654321@lid'] })
})

test('a group under an Idempotency-Key is made once, and what was refused can be asked for again', async () => {
  const create = (key: string, subject = 'Once') =>
    world.call(acme, 'POST /v1/sessions/support/groups', { body: { subject }, headers: { 'idempotency-key': key } })
  const acted = () => owner.calls.filter((each) => each.endsWith('createGroup')).length
  const before = acted()
  owner.refuses = 'not_connected'
  expect((await create('one')).body.code).toBe('session_not_connected')
  owner.refuses = undefined
  const [first, second] = [await create('one'), await create('one')]
  expect([first.status, second.status, second.body]).toEqual([201, 201, first.body])
  expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
  expect((await create('one', 'Another')).body.code).toBe('idempotency_key_reused')
  expect(acted()).toBe(before + 2)
  owner.answerWith = 500
  expect((await create('two')).body.code).toBe('outcome_unknown')
  owner.answerWith = undefined
  expect((await create('two')).body.code).toBe('outcome_unknown')
  expect(acted()).toBe(before + 3)
  await asOwner(world.operatorDb, `UPDATE berth.idempotent_act SET created_at = now() - interval '25 hours'`)
  expect(await sweep(world.operatorDb)).toMatchObject({ acts: 2 })
  expect((await create('two')).status).toBe(201)
})

test('members are added, removed, made admins', async () => {
  const members = `groups/${GROUP}/members`
  const added = await call(`POST ${members}`, { members: ['+5511999990002'] })
  expect(added.body).toEqual({ members: [{ phoneNumber: '+5511999990002', outcome: 'added' }] })
  expect((await call(`PUT ${members}/+5511999990002/role`, { role: 'admin' })).status).toBe(204)
  expect(owner.asked.at(-1)).toEqual({ chat: GROUP, member: ANA, role: 'admin' })
  expect((await call(`DELETE ${members}/+5511999990002`)).status).toBe(204)
  expect(owner.asked.at(-1)).toEqual({ chat: GROUP, member: ANA })
})

test('a group is changed field by field; what was made before a refusal is told', async () => {
  owner.asked.length = 0
  const change = { locked: true, subject: 'Friends', description: '' }
  expect((await call(`PATCH groups/${GROUP}`, change)).status).toBe(204)
  const steps = [{ subject: 'Friends' }, { description: '' }, { locked: true }]
  expect(owner.asked).toEqual(steps.map((change) => ({ chat: GROUP, change })))
  expect((await call(`PATCH groups/${GROUP}`, {})).body.code).toBe('validation_failed')
  owner.refusesAfter = 1
  const refused = await call(`PATCH groups/${GROUP}`, change)
  owner.refusesAfter = undefined
  expect(refused.body).toMatchObject({
    code: 'not_group_admin',
    detail: expect.stringMatching(/Made before: subject\.$/),
  })
})

test('invitations are read, renewed and used; a group is left', async () => {
  const invite = (code: string) => ({ code, link: `https://chat.whatsapp.com/${code}` })
  expect((await call(`GET groups/${GROUP}/invite`)).body).toEqual(invite('HbGJ9tZkQ0a1'))
  expect((await call(`POST groups/${GROUP}/invite`)).body).toEqual(invite('NEWJ9tZkQ0a1'))
  expect((await call('POST groups/join', { invite: 'https://chat.whatsapp.com/HbGJ9tZkQ0a1' })).body).toEqual({
    id: GROUP,
  })
  expect(owner.asked.at(-1)).toEqual({ code: 'HbGJ9tZkQ0a1' })
  expect((await call('POST groups/join', { invite: 'https://example.com/HbGJ9tZkQ0a1' })).status).toBe(422)
  expect((await call(`POST groups/${GROUP}/leave`)).status).toBe(204)
})

test('the profile is changed field by field', async () => {
  expect((await call('PATCH profile', { name: 'Acme', about: '' })).status).toBe(204)
  expect(owner.asked.slice(-2)).toEqual([{ change: { name: 'Acme' } }, { change: { about: '' } }])
  expect((await call('PATCH profile', { name: '' })).body.errors[0].field).toBe('body.name')
})

test('contacts are blocked, listed and unblocked', async () => {
  expect((await call('PUT contacts/+5511999990002/block')).status).toBe(204)
  expect(owner.asked.at(-1)).toEqual({ chat: ANA, blocked: true })
  expect((await call('GET blocked')).body).toEqual({
    data: [{ phoneNumber: '+5511999990002', lid: '210987654321@lid' }],
  })
  expect((await call('DELETE contacts/+5511999990002/block')).status).toBe(204)
  expect(owner.asked.at(-1)).toEqual({ chat: ANA, blocked: false })
})

test('pictures are JPEGs, of the account or of a group', async () => {
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, ...Buffer.from('JFIF'), 0, 1])
  const client = new Berth({ url: world.url, apiKey: acme.key })
  const upload = async (bytes: Buffer) => (await client.uploadMedia(new Blob([new Uint8Array(bytes)]))).id
  const id = await upload(jpeg)
  expect((await call('PUT profile/picture', { media: { id } })).status).toBe(204)
  expect(owner.asked.at(-1)).toEqual({ picture: jpeg.toString('base64') })
  expect((await call(`PUT groups/${GROUP}/picture`, { media: { id } })).status).toBe(204)
  expect(owner.asked.at(-1)).toEqual({ chat: GROUP, picture: jpeg.toString('base64') })
  expect((await call('DELETE profile/picture')).status).toBe(204)
  expect((await call(`DELETE groups/${GROUP}/picture`)).status).toBe(204)
  expect(owner.asked.slice(-2)).toEqual([{}, { chat: GROUP }])
  const [text, large] = [Buffer.from('no picture'), Buffer.concat([jpeg, Buffer.alloc(512 * 1024)])]
  for (const bytes of [text, large]) {
    const refused = await call('PUT profile/picture', { media: { id: await upload(bytes) } })
    expect([refused.status, refused.body.errors[0].field]).toEqual([422, 'body.media'])
  }
  expect((await call('PUT profile/picture', { media: {} })).status).toBe(422)
})

test('a number of the Cloud API has nothing of this', async () => {
  const id = await world.addSession(acme, 'shop', 'Running', 'CloudAPI')
  await owner.claim(id, 1)
  await owner.connect(id)
  for (const asked of [`POST groups/${GROUP}/leave`, 'GET groups', 'GET blocked', 'GET profile']) {
    const answer = await world.call(acme, asked.replace(' ', ' /v1/sessions/shop/'))
    expect([answer.status, answer.body.code]).toEqual([409, 'not_with_this_provider'])
  }
})

test.each([
  ['not_found', 'POST groups/120363041234567890@g.us/leave', 404, 'group_not_found'],
  ['not_found', 'POST groups', 404, 'contact_not_found'],
  ['not_admin', 'DELETE groups/120363041234567890@g.us/members/+5511999990002', 403, 'not_group_admin'],
  ['not_a_member', 'DELETE groups/120363041234567890@g.us/members/+5511999990002', 404, 'group_member_not_found'],
  ['invite_invalid', 'POST groups/join', 404, 'invite_invalid'],
  ['already_a_member', 'POST groups/join', 409, 'already_a_member'],
  ['not_connected', 'POST groups', 503, 'session_not_connected'],
  ['outcome_unknown', 'POST groups', 503, 'outcome_unknown'],
  ['rate_limited', 'POST groups', 429, 'whatsapp_rate_limited'],
] as const)('%s to %s is %i %s', async (failure, asked, status, code) => {
  owner.refuses = failure
  const answer = await call(asked, asked.endsWith('join') ? { invite: 'HbGJ9tZkQ0a1' } : { subject: 'Acme' })
  owner.refuses = undefined
  expect([answer.status, answer.body.code]).toEqual([status, code])
  if (status === 429 || status === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('an act whose worker is lost on the way is not done again: nobody knows how it ended', async () => {
  const before = owner.calls.length
  owner.answerWith = 500
  const answer = await call('POST groups', { subject: 'Acme' })
  owner.answerWith = undefined
  expect([answer.status, answer.body.code]).toEqual([503, 'outcome_unknown'])
  expect(owner.calls.slice(before)).toEqual([`POST /sessions/${support}/acts/createGroup`])
})

test('a session acts so often in an hour', async () => {
  const { id, worker } = await world.addConnected(acme, 'eager')
  const leave = () => world.call(acme, `POST /v1/sessions/eager/groups/${GROUP}/leave`)
  const { done, refused } = await untilRefused(leave, 150)
  expect(done).toBeGreaterThanOrEqual(100)
  expect(refused.body.code).toBe('too_many_acts')
  expect(worker.calls.filter((each) => each.includes(id))).toHaveLength(done)
})
