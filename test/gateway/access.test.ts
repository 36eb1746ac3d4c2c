import { randomUUID } from 'node:crypto'
import { createApiKey } from '@berth/core/crypto/api-key.ts'
import { type ApiDocument, operationsOf } from '@berth/gateway/openapi/document.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant
let globex: TestTenant

beforeAll(async () => {
  world = await World.start({ kubernetes: true, holds: { firstQrMs: 300 } })
  acme = await world.addTenant('acme')
  globex = await world.addTenant('globex')
})
afterAll(() => world.close())

describe('the API key', () => {
  test.each([
    ['nothing', undefined, 'api_key_missing'],
    ['another scheme', 'Basic abc', 'api_key_missing'],
    ['nonsense', 'Bearer nonsense', 'api_key_invalid'],
    ['a key that nobody has', `Bearer ${createApiKey().key}`, 'api_key_invalid'],
  ])('%s is refused', async (_what, authorization, code) => {
    const answer = await world.call(undefined, 'GET /v1/sessions', { headers: authorization ? { authorization } : {} })
    expect([answer.status, answer.body.code]).toEqual([401, code])
    expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  })

  test('works in X-API-Key as well', async () => {
    const answer = await world.call(undefined, 'GET /v1/sessions', { headers: { 'x-api-key': acme.key } })
    expect(answer.status).toBe(200)
  })

  test('a mistyped key is refused', async () => {
    const last = acme.key.at(-1) === 'a' ? 'b' : 'a'
    const answer = await world.call({ ...acme, key: acme.key.slice(0, -1) + last }, 'GET /v1/sessions')
    expect(answer.status).toBe(401)
  })

  test('a revoked key is refused', async () => {
    const { key, hash, hint } = createApiKey()
    await world.operatorDb.query(
      `INSERT INTO api_key (tenant_id, name, hash, hint, revoked_at) VALUES ($1, 'old', $2, $3, now())`,
      [acme.id, hash, hint],
    )
    expect((await world.call({ ...acme, key }, 'GET /v1/sessions')).status).toBe(401)
  })
})

describe('a tenant sees only its own', () => {
  let messageId: string
  let commandId: string

  beforeAll(async () => {
    await world.addConnected(acme, 'support')
    const message = await world.call(acme, 'POST /v1/sessions/support/messages', {
      body: { to: '+5511999990002', text: 'secret' },
    })
    messageId = message.body.id
    commandId = (await world.call(acme, 'POST /v1/sessions/support/logout')).body.id
  })

  /** Every operation on a session, with the examples of the document. */
  async function calls(): Promise<{ route: string; body: unknown }[]> {
    const document: ApiDocument = (await world.call(undefined, 'GET /openapi.json')).body
    const ids: Record<string, string> = { '/messages/': messageId, '/commands/': commandId }
    return operationsOf(document)
      .filter(({ path, operation }) => path.includes('{name}') && operation.operationId !== 'putSession')
      .flatMap(({ method, path, operation }) => {
        const own = Object.keys(ids).find((part) => path.includes(part))
        const values = Object.fromEntries((operation.parameters ?? []).map(({ name, example }) => [name, example]))
        const filled = path.replace(/{(\w+)}/g, (_, name) =>
          name === 'name' ? 'NAME' : name === 'id' && own ? ids[own]! : encodeURIComponent(String(values[name])),
        )
        const { example, examples } = operation.requestBody?.content['application/json'] ?? {}
        const bodies = examples ? Object.values(examples).map(({ value }) => value) : [example]
        return bodies.map((body) => ({ route: `${method.toUpperCase()} ${filled}`, body }))
      })
  }

  test('every route answers for another tenant exactly as for nothing', async () => {
    for (const { route, body } of await calls()) {
      const call = { body, headers: { 'x-request-id': 'same' } }
      const others = await world.call(globex, route.replace('NAME', 'support'), call)
      const missing = await world.call(globex, route.replace('NAME', 'no-such-session'), call)
      expect([route, others.status, others.body]).toEqual([route, missing.status, missing.body])
      expect([route, others.body.code]).toEqual([route, 'session_not_found'])
    }
    expect((await world.call(globex, 'GET /v1/sessions')).body.data).toEqual([])
  })

  test("another tenant's ids are not found under one's own session", async () => {
    await world.addConnected(globex, 'own')
    for (const [path, code] of [
      [`messages/${messageId}`, 'message_not_found'],
      [`commands/${commandId}`, 'command_not_found'],
    ]) {
      const answer = await world.call(globex, `GET /v1/sessions/own/${path}`)
      expect([answer.status, answer.body.code]).toEqual([404, code])
    }
  })

  test('the same name is another session', async () => {
    const created = await world.call(globex, 'PUT /v1/sessions/support')
    expect(created.status).toBe(201)
    const theirs = await world.call(acme, 'GET /v1/sessions/support')
    expect(theirs.body.id).not.toBe(created.body.id)
    expect((await world.call(globex, 'GET /v1/sessions/support/messages')).body.data).toEqual([])
  })

  test('a tenant that is named in the request changes nothing', async () => {
    expect((await world.call(globex, 'GET /v1/sessions?tenant=acme')).status).toBe(422)
    expect((await world.call(globex, 'PUT /v1/sessions/x', { body: { tenant: 'acme' } })).status).toBe(422)
    const answer = await world.call(globex, 'GET /v1/sessions', { headers: { 'x-tenant': 'acme', tenant: acme.id } })
    expect(answer.body.data.map((session: { name: string }) => session.name)).toEqual(['own', 'support'])
  })
})

test('a suspended tenant may read and change nothing', async () => {
  const tenant = await world.addTenant('late-payer', { state: 'Suspended' })
  await world.addConnected(tenant, 'support')
  expect((await world.call(tenant, 'GET /v1/sessions/support')).status).toBe(200)
  for (const route of ['PUT /v1/sessions/new', 'DELETE /v1/sessions/support', 'POST /v1/sessions/support/messages']) {
    const answer = await world.call(tenant, route, { body: route.startsWith('DELETE') ? undefined : {} })
    expect([answer.status, answer.body.code]).toEqual([403, 'tenant_suspended'])
  }
})

describe('limits of the tier', () => {
  test('requests: 429 with the time to wait, for this tenant only', async () => {
    const tenant = await world.addTenant('busy', { tier: 'basic' })
    const answers: Answer[] = []
    const isRefused = ({ status }: Answer) => status === 429
    // Again, where so many take longer than it takes to be allowed some more.
    while (!answers.some(isRefused)) {
      answers.push(...(await Promise.all(Array.from({ length: 62 }, () => world.call(tenant, 'GET /v1/sessions')))))
    }
    expect(answers.some((answer) => answer.status === 200)).toBe(true)
    const refused = answers.find(isRefused)!
    expect(refused.body.code).toBe('rate_limited')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('ratelimit-limit')).toBe('60')
    expect(refused.headers.get('ratelimit-remaining')).toBe('0')
    expect((await world.call(acme, 'GET /v1/sessions')).status).toBe(200)
  })

  test('messages: 429, but a repeated key is no new message', async () => {
    await world.operatorDb.query(
      `INSERT INTO tier (name, spec) SELECT 'two', jsonb_set(spec, '{limits,messagesPerHour}', '2') FROM tier WHERE name = 'pro'`,
    )
    const tenant = await world.addTenant('writer', { tier: 'two' })
    await world.addConnected(tenant, 'support')
    const send = (key: string) =>
      world.call(tenant, 'POST /v1/sessions/support/messages', {
        body: { to: '+5511999990002', text: 'x' },
        headers: { 'idempotency-key': key },
      })
    const first = randomUUID()
    for (const key of [first, first, randomUUID(), first]) expect((await send(key)).status).toBeLessThan(202)
    const refused = await send(randomUUID())
    expect([refused.status, refused.body.code]).toEqual([429, 'message_limit_reached'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('sessions: no more than the tier allows', async () => {
    const tenant = await world.addTenant('small', { tier: 'basic' })
    expect((await world.call(tenant, 'PUT /v1/sessions/one')).status).toBe(201)
    const second = await world.call(tenant, 'PUT /v1/sessions/two')
    expect([second.status, second.body.code]).toEqual([409, 'quota_exceeded'])
    expect((await world.call(tenant, 'PUT /v1/sessions/one')).status).toBe(200)
  })
})
