import { sign } from '@berth/core/cloud-api/signature.ts'
import { loadInbox } from '@berth/core/postgres/channels.ts'
import { CloudApi } from '@berth/simulator/cloud-api/server.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FakeWorker } from './fake-worker.ts'
import { PLATFORM_APP, type TestTenant, World } from './world.ts'

const NUMBER = '106540352242922'
const OTHER_NUMBER = '106540352242999'

let graph: CloudApi
let world: World
let acme: TestTenant
let rival: TestTenant
let support: string
let rivals: string
let worker: FakeWorker

beforeAll(async () => {
  graph = await CloudApi.start()
  const about = { accountId: '1', name: 'Acme Shop', displayNumber: '+1 555-012-3456' }
  graph.addNumber({ ...about, phoneNumberId: NUMBER, token: 'EAA-acme' })
  graph.addNumber({ ...about, phoneNumberId: OTHER_NUMBER, token: 'EAA-rival' })
  world = await World.start({ graphUrl: graph.url })
  acme = await world.addTenant('acme')
  rival = await world.addTenant('rival')
  support = await world.addSession(acme, 'support', 'Running', 'CloudAPI')
  rivals = await world.addSession(rival, 'support', 'Running', 'CloudAPI')
  await world.addSession(acme, 'phone')
  worker = await world.startWorker()
  for (const id of [support, rivals]) await worker.claim(id, 1)
})

afterAll(async () => {
  await world?.close()
  await graph?.close()
})

const connect = (tenant: TestTenant, body: object, name = 'support') =>
  world.call(tenant, `PUT /v1/sessions/${name}/channel`, { body })

interface Told {
  text: string
  number?: string
}
const told = (...messages: Told[]) => ({
  object: 'whatsapp_business_account',
  entry: messages.map(({ text, number = NUMBER }) => ({
    id: '1',
    changes: [
      {
        field: 'messages',
        value: {
          messaging_product: 'whatsapp',
          metadata: { display_phone_number: '15550123456', phone_number_id: number },
          contacts: [{ profile: { name: 'Ana' }, wa_id: '5511999990002' }],
          messages: [
            { from: '5511999990002', id: `wamid.${text}`, timestamp: '1767600000', type: 'text', text: { body: text } },
          ],
        },
      },
    ],
  })),
})

const tell = (where: string, body: string | object, secret = PLATFORM_APP.appSecret) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': sign(secret, Buffer.from(text)) }
  return world.call(undefined, `POST ${where}`, { body: text, headers })
}

async function inboxOf(sessionId: string): Promise<string[]> {
  const { items } = await loadInbox(world.workerDb, worker.bootId, sessionId, 100)
  return items.map(({ body }) => (JSON.parse(body) as { message: { text: { body: string } } }).message.text.body)
}

describe('a channel', () => {
  test('is connected when Meta vouches for it, and shows no secret', async () => {
    const body = { phoneNumberId: NUMBER, accessToken: 'EAA-acme', businessAccountId: '1', appSecret: 'secret of acme' }
    const { status, body: channel, text } = await connect(acme, body)
    expect({ status, channel }).toMatchObject({
      status: 200,
      channel: { phoneNumberId: NUMBER, phoneNumber: '+15550123456', verifiedName: 'Acme Shop', hasWebhook: false },
    })
    expect(text).not.toMatch(/EAA|secret of acme/)
    expect((await connect(rival, { phoneNumberId: OTHER_NUMBER, accessToken: 'EAA-rival' })).status).toBe(200)
  })

  test('is refused without a proof, where another has it, and for linked phones', async () => {
    const refused = await connect(rival, { phoneNumberId: NUMBER, accessToken: 'EAA-rival' })
    expect([refused.status, refused.body.code]).toEqual([422, 'channel_refused'])
    const taken = await connect(rival, { phoneNumberId: NUMBER, accessToken: 'EAA-acme' })
    expect([taken.status, taken.body.code]).toEqual([409, 'channel_in_use'])
    const phone = await connect(acme, { phoneNumberId: NUMBER, accessToken: 'EAA-acme' }, 'phone')
    expect([phone.status, phone.body.code]).toEqual([409, 'not_a_channel'])
  })
})

describe("the platform's webhook", () => {
  const challenge = (token: string, mode = 'subscribe') =>
    world.call(
      undefined,
      `GET /api/webhooks/whatsapp?hub.mode=${mode}&hub.verify_token=${encodeURIComponent(token)}&hub.challenge=test123`,
    )

  test('answers the challenge to who knows the token', async () => {
    const { status, text, headers } = await challenge(PLATFORM_APP.verifyToken)
    expect([status, text, headers.get('content-type')]).toEqual([200, 'test123', 'text/plain; charset=utf-8'])
    for (const wrong of [challenge('guessed'), challenge(''), challenge(PLATFORM_APP.verifyToken, 'other')]) {
      expect((await wrong).status).toBe(403)
    }
  })

  test('keeps what is signed, once, for those whose numbers it names', async () => {
    const body = told(
      { text: 'première' },
      { text: 'for rival', number: OTHER_NUMBER },
      { text: 'nobody', number: '1' },
    )
    for (let times = 0; times < 2; times++) expect((await tell('/api/webhooks/whatsapp', body)).status).toBe(200)
    expect(await inboxOf(support)).toEqual(['première'])
    expect(await inboxOf(rivals)).toEqual(['for rival'])
  })

  test('refuses other signatures, and the same one over other bytes', async () => {
    const body = JSON.stringify(told({ text: 'forged' }))
    const signature = sign(PLATFORM_APP.appSecret, Buffer.from(body))
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature }
    const calls = [
      tell('/api/webhooks/whatsapp', body, 'another secret'),
      world.call(undefined, 'POST /api/webhooks/whatsapp', { body }),
      world.call(undefined, 'POST /api/webhooks/whatsapp', { body: `${body} `, headers }),
    ]
    for (const call of calls) expect((await call).status).toBe(403)
    expect(await inboxOf(support)).toEqual(['première'])
  })
})

describe("a channel's own webhook", () => {
  test('is found by its secret, takes its own number only, and is replaced by the next one', async () => {
    const made = await world.call(acme, 'POST /v1/sessions/support/channel/webhook')
    expect(made.status).toBe(201)
    const { url, verifyToken } = made.body
    expect(url).toMatch(/^\/wh\/cloud-api\/acme\/[\w-]{43}$/)
    const query = `hub.mode=subscribe&hub.verify_token=${verifyToken}&hub.challenge=42`
    expect((await world.call(undefined, `GET ${url}?${query}`)).text).toBe('42')
    expect((await world.call(undefined, `GET ${url.replace('/acme/', '/rival/')}?${query}`)).status).toBe(404)

    const body = told({ text: 'own' }, { text: 'not its own', number: OTHER_NUMBER })
    expect((await tell(url, body, 'secret of acme')).status).toBe(200)
    expect((await tell(url, told({ text: 'forged' }), 'guessed')).status).toBe(403)
    expect((await tell(`${url}x`, body, 'secret of acme')).status).toBe(404)
    expect(await inboxOf(support)).toEqual(['première', 'own'])
    expect(await inboxOf(rivals)).toEqual(['for rival'])

    const next = await world.call(acme, 'POST /v1/sessions/support/channel/webhook')
    expect((await tell(url, body, 'secret of acme')).status).toBe(404)
    expect((await tell(next.body.url, body, 'secret of acme')).status).toBe(200)
    expect((await world.call(rival, 'POST /v1/sessions/phone/channel/webhook')).status).toBe(404)
  })
})

/** Something like what Meta sends, with anything anywhere. */
const { body: anyBody } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.jsonValue(),
    fc.constantFrom(NUMBER, 'messages', '\u0000', '\ud800', '__proto__', -0),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('body'),
  ),
  body: fc.dictionary(
    fc.constantFrom(
      'object',
      'entry',
      'changes',
      'field',
      'value',
      'metadata',
      'phone_number_id',
      'messages',
      'statuses',
      'id',
      'text',
    ),
    tie('value'),
    { maxKeys: 6 },
  ),
}))
const anyMessage = fc.record({ from: fc.string(), id: fc.string({ unit: 'binary' }), text: fc.jsonValue() })

test('whatever comes, it is no fault of ours', async () => {
  const runs = process.env.BERTH_FULL ? 10_000 : 100
  const bodies = fc.oneof(
    anyBody.map((body) => JSON.stringify(body)),
    anyMessage.map((message) => {
      const body = told({ text: 'x' })
      Object.assign(body.entry[0]!.changes[0]!.value.messages[0]!, message)
      return JSON.stringify(body)
    }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('[', '['.repeat(100_000), 'null', '', '{"entry":'.repeat(5000)),
  )
  const made = await world.call(acme, 'POST /v1/sessions/support/channel/webhook')
  const paths: string[] = ['/api/webhooks/whatsapp', made.body.url, '/wh/cloud-api/acme/x', '/wh/%00/%00/%00']
  await fc.assert(
    fc.asyncProperty(bodies, fc.constantFrom(...paths), fc.boolean(), async (body, path, isOwn) => {
      const { status } = await tell(path, body, isOwn ? 'secret of acme' : PLATFORM_APP.appSecret)
      expect(status).toBeLessThan(500)
    }),
    { numRuns: runs },
  )
})
