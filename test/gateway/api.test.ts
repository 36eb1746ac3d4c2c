/** The API as such: problems, document, limits of requests. */
import { request as rawRequest } from 'node:http'
import { metrics } from '@berth/core/telemetry/metrics.ts'
import { catalogue } from '@berth/gateway/problems/catalogue.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant

beforeAll(async () => {
  world = await World.start({ kubernetes: true, holds: { firstQrMs: 50, moveMs: 50 } })
  acme = await world.addTenant('acme')
  await world.addConnected(acme, 'support')
})
afterAll(() => world.close())

describe('problems', () => {
  test('are documents with a code, a remedy and the id of the request', async () => {
    const answer = await world.call(acme, 'GET /v1/sessions/missing', { headers: { 'x-request-id': 'my-request.1' } })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('x-request-id')).toBe('my-request.1')
    expect(answer.body).toEqual({
      type: '/problems/session_not_found',
      code: 'session_not_found',
      status: 404,
      title: catalogue.session_not_found.title,
      remedy: catalogue.session_not_found.remedy,
      requestId: 'my-request.1',
    })
  })

  test('every type leads to its explanation, for programs and for people', async () => {
    const asPage = { headers: { accept: 'text/html' } }
    const list = await world.call(undefined, 'GET /problems', asPage)
    for (const [code, entry] of Object.entries(catalogue)) {
      const json = await world.call(undefined, `GET /problems/${code}`)
      expect(json.body).toEqual({ code, ...entry })
      const page = await world.call(undefined, `GET /problems/${code}`, asPage)
      expect(page.headers.get('content-type')).toContain('text/html')
      expect(page.text).toContain(code)
      expect(list.text).toContain(`href="/problems/${code}"`)
    }
    const page = await world.call(undefined, 'GET /problems/session_not_linked', asPage)
    expect(page.text).toContain('POST /v1/sessions/{name}/logout')
    expect(page.text).not.toContain('GET /v1/sessions/{name}/messages')
    const all = await world.call(undefined, 'GET /problems')
    expect(all.body.map((entry: { code: string }) => entry.code)).toEqual(Object.keys(catalogue))
    expect((await world.call(undefined, 'GET /problems/nonsense')).body.code).toBe('problem_not_found')
  })

  test.each([
    ['GET /nowhere', undefined, {}, 404, 'route_not_found'],
    ['GET /v1/nowhere', undefined, {}, 404, 'route_not_found'],
    ['PATCH /v1/sessions/support', '{}', {}, 405, 'method_not_allowed'],
    ['POST /v1/sessions', '{}', {}, 405, 'method_not_allowed'],
    ['QUERY /v1/sessions', undefined, {}, 405, 'method_not_allowed'],
    ['PATCH /v1/sessions/support', '{', {}, 405, 'method_not_allowed'],
    ['POST /v1/nowhere', '{', {}, 404, 'route_not_found'],
    ['POST /v1/sessions/support/messages', '{', {}, 400, 'malformed_request'],
    ['POST /v1/sessions/support/messages', '{"__proto__":{}}', {}, 400, 'malformed_request'],
    ['POST /v1/sessions/support/messages', 'to=1', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['POST /v1/sessions/support/messages', '<a/>', { 'content-type': 'text/xml' }, 415, 'unsupported_media_type'],
    ['POST /v1/sessions/support/messages', '', {}, 422, 'validation_failed'],
    ['POST /v1/sessions/support/messages', 'null', {}, 422, 'validation_failed'],
    ['PUT /v1/sessions/support', ' null ', {}, 422, 'validation_failed'],
    ['GET /v1/sessions/%zz', undefined, {}, 400, 'malformed_request'],
    [`GET /v1/sessions/${'x'.repeat(500)}`, undefined, {}, 404, 'route_not_found'],
    ['GET /v1/sessions/%00', undefined, {}, 404, 'session_not_found'],
  ])('%s %s', async (call, body, headers, status, code) => {
    const answer = await world.call(acme, call, { body, headers })
    expect([answer.status, answer.body?.code]).toEqual([status, code])
    expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'))
  })

  test('405 names the methods', async () => {
    const answer = await world.call(acme, 'PATCH /v1/sessions/support', { body: {} })
    expect(answer.headers.get('allow')).toBe('DELETE, GET, HEAD, PUT')
  })

  test('an id that can not stand in a log is replaced', async () => {
    const answer = await world.call(acme, 'GET /v1/sessions', { headers: { 'x-request-id': 'a b"c' } })
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('too many headers are refused', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      rawRequest(`${world.url}/v1/sessions`, { headers: { 'x-large': 'x'.repeat(20_000) } }, (response) =>
        resolve(response.statusCode),
      )
        .on('error', reject)
        .end()
    })
    expect(status).toBe(431)
  })
})

describe('about', () => {
  test("/ leads on, /healthz and /readyz answer; what is measured is nobody else's business", async () => {
    expect((await world.call(undefined, 'GET /')).body.links.documentation).toBe('/docs')
    expect((await world.call(undefined, 'GET /', { headers: { accept: 'text/html' } })).text).toContain('href="/docs"')
    expect((await world.call(undefined, 'GET /healthz')).status).toBe(200)
    expect((await world.call(undefined, 'GET /readyz')).status).toBe(200)
    await world.call(acme, 'GET /v1/sessions/support')
    expect((await world.call(undefined, 'GET /metrics')).status).toBe(404)
    const measured = await metrics.metrics()
    expect(measured).toContain('route="/v1/sessions/:name"')
    expect(measured).not.toContain('route="/v1/sessions/support"')
  })

  test('/docs needs nothing from elsewhere', async () => {
    const page = await world.call(undefined, 'GET /docs/')
    expect(page.status).toBe(200)
    const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!)
    expect(sources.length).toBeGreaterThan(3)
    for (const source of sources) {
      expect(source).not.toMatch(/^(https?:)?\/\//)
      const file = await world.call(undefined, `GET ${new URL(source, 'http://gateway/docs/').pathname}`)
      expect([source, file.status]).toEqual([source, 200])
    }
  })
})

// biome-ignore lint/suspicious/noExplicitAny: a JSON document that the test walks through
type Json = any

describe('the API document', () => {
  let document: Json

  beforeAll(async () => {
    document = (await world.call(undefined, 'GET /openapi.json')).body
  })

  const operations = () =>
    Object.entries<Json>(document.paths).flatMap(([path, item]) =>
      Object.entries<Json>(item).map(([method, operation]) => ({ path, method, operation })),
    )

  test('names every route under /v1 once', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(operations().map(({ method, path }) => `${method} ${path}`)).toEqual(
      expect.arrayContaining([
        'get /v1/sessions',
        'put /v1/sessions/{name}',
        'get /v1/sessions/{name}',
        'delete /v1/sessions/{name}',
        'post /v1/sessions/{name}/start',
        'post /v1/sessions/{name}/stop',
        'post /v1/sessions/{name}/logout',
        'get /v1/sessions/{name}/commands/{id}',
        'get /v1/sessions/{name}/qr',
        'get /v1/sessions/{name}/qr/stream',
        'post /v1/sessions/{name}/messages',
        'get /v1/sessions/{name}/messages',
        'get /v1/sessions/{name}/messages/{id}',
      ]),
    )
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).not.toContain(undefined)
  })

  test('declares the parameters of every path, and describes every answer', () => {
    for (const { path, operation } of operations()) {
      const declared = (operation.parameters ?? []).filter((p: Json) => p.in === 'path').map((p: Json) => p.name)
      expect([path, declared]).toEqual([path, [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name)])
      expect(operation.summary).toBeTruthy()
      expect(operation.description).toBeTruthy()
      for (const answer of Object.values<Json>(operation.responses)) {
        expect(answer.description).not.toMatch(/^(Default Response)?$/)
        expect(answer.headers).toHaveProperty('X-Request-Id')
      }
    }
  })

  test('shows an example of every parameter, body and answer', () => {
    const missing: string[] = []
    for (const { path, method, operation } of operations()) {
      const where = `${method} ${path}`
      for (const { name, example, schema, description } of operation.parameters ?? []) {
        if ((example ?? schema.enum ?? schema.default) === undefined || !description) missing.push(`${where} ${name}`)
      }
      const contents = [operation.requestBody, ...Object.values<Json>(operation.responses)].map((part) => part?.content)
      for (const [type, media] of contents.flatMap((content) => Object.entries<Json>(content ?? {}))) {
        const shown = media.example ?? Object.keys(media.examples ?? {})[0]
        if (shown === undefined && !type.startsWith('image/png')) missing.push(`${where} ${type}`)
      }
    }
    expect(missing).toEqual([])
  })

  test('describes every field', () => {
    const missing: string[] = []
    const visit = (schema: Json, where: string): void => {
      for (const [name, field] of Object.entries<Json>(schema.properties ?? {})) {
        if (!field.description && !field.$ref) missing.push(`${where}.${name}`)
        visit(field, `${where}.${name}`)
      }
    }
    for (const [name, schema] of Object.entries(document.components.schemas)) visit(schema, name)
    expect(missing).toEqual([])
  })

  test('refers to nothing that is not there', () => {
    const references: string[] = []
    JSON.stringify(document, (key, value) => {
      if (key === '$ref') references.push(value)
      return value
    })
    expect(references.length).toBeGreaterThan(10)
    for (const reference of new Set(references)) {
      const target = reference
        .replace('#/', '')
        .split('/')
        .reduce((at, key) => at?.[key], document)
      expect([reference, typeof target]).toEqual([reference, 'object'])
    }
  })

  test('lists every problem and how to prove who you are', () => {
    for (const code of Object.keys(catalogue)) expect(document.info.description).toContain(`\`${code}\``)
    expect(document.components.securitySchemes.apiKey).toMatchObject({ type: 'http', scheme: 'bearer' })
    const send = document.paths['/v1/sessions/{name}/messages'].post
    const { description, content } = send.responses['409']
    expect(description).toContain('session_logged_out')
    const { schema, examples } = content['application/problem+json']
    expect(schema.allOf[0].$ref).toBe('#/components/schemas/Problem')
    expect(schema.allOf[1].properties.code.enum).toEqual(Object.keys(examples))
    expect(document.components.examples.session_logged_out.value.status).toBe(409)
  })
})
