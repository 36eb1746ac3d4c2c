import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Berth, BerthProblem, isProblem, NoAnswer } from './index.ts'

interface Asked {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

type Answer = (response: ServerResponse) => void

const asked: Asked[] = []
let answers: Answer[]
let berth: Berth
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { method, url, headers } = request
  asked.push({ method: method!, url: url!, headers, body: Buffer.concat(chunks).toString() })
  answers.shift()!(response)
})

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

/** Answered with Retry-After: 0, so that no test waits. */
const problem = (status: number, code: string, retryAfter = '0'): Answer =>
  json(
    status,
    { type: `/problems/${code}`, code, status, title: 'It went wrong', remedy: 'Do better.', requestId: 'r1' },
    { 'content-type': 'application/problem+json', 'retry-after': retryAfter },
  )

const hangUp: Answer = (response) => response.destroy()

beforeEach(async () => {
  asked.length = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  berth = new Berth({ url: `http://127.0.0.1:${port}/`, apiKey: 'wak_live_x', retries: 2 })
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

const send = () => berth.sendMessage('my support', { to: '+5511999990002', text: 'Hello!' })

test('a call carries the key, the body and what was said about it', async () => {
  answers = [json(201, { id: 'm1' })]
  const options = { prefer: 'wait=5', requestId: 'order-7', idempotencyKey: 'k1' }
  expect(await berth.sendMessage('a/b', { to: '+1', text: 'é' }, options)).toEqual({ id: 'm1' })
  expect(asked[0]).toMatchObject({
    method: 'POST',
    url: '/v1/sessions/a%2Fb/messages',
    headers: {
      authorization: 'Bearer wak_live_x',
      'content-type': 'application/json',
      'idempotency-key': 'k1',
      prefer: 'wait=5',
      'x-request-id': 'order-7',
    },
    body: '{"to":"+1","text":"é"}',
  })
})

test('an answer that was not asked for as JSON is its text', async () => {
  answers = [(response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('█▀ 12')]
  expect(await berth.call({ method: 'GET', path: '/v1/sessions/support/qr', accept: 'text/plain' })).toBe('█▀ 12')
  expect(asked[0]?.headers.accept).toBe('text/plain')
})

test('a send is repeated under the same key, which is made when none is given', async () => {
  answers = [hangUp, problem(503, 'database_unavailable'), json(201, { id: 'm1' })]
  await send()
  const keys = asked.map(({ headers }) => headers['idempotency-key'])
  expect(keys).toHaveLength(3)
  expect(new Set(keys).size).toBe(1)
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
})

test('the last refusal is thrown, and says what to do', async () => {
  answers = [problem(503, 'session_moving'), problem(503, 'session_moving'), problem(503, 'session_moving')]
  const error = await berth.getQr('support').catch((thrown) => thrown)
  expect(error).toBeInstanceOf(BerthProblem)
  expect(error).toMatchObject({ code: 'session_moving', status: 503, retryAfter: 0 })
  expect(error.message).toBe('session_moving: It went wrong. Do better. (request r1)')
  expect(isProblem(error)).toBe(true)
  expect(isProblem(error, 'session_not_found', 'session_moving')).toBe(true)
  expect(isProblem(error, 'session_not_found')).toBe(false)
})

test('what would go wrong again is not repeated', async () => {
  answers = [problem(409, 'session_not_linked')]
  await expect(send()).rejects.toMatchObject({ code: 'session_not_linked' })
  expect(asked).toHaveLength(1)
})

test('a call that may not be repeated is not, unless it was certainly not carried out', async () => {
  answers = [hangUp]
  await expect(berth.startSession('support')).rejects.toBeInstanceOf(NoAnswer)
  answers = [problem(429, 'rate_limited'), json(200, {})]
  await berth.startSession('support')
  expect(asked).toHaveLength(3)
})

test('an answer that is not of Berth is no problem of ours', async () => {
  answers = [(response) => response.writeHead(413, { 'content-type': 'text/html' }).end('<h1>Too large</h1>')]
  const error = await send().catch((thrown) => thrown)
  expect(error).toBeInstanceOf(NoAnswer)
  expect(error).toMatchObject({ status: 413, message: expect.stringContaining('Too large') })
})

test('without an answer in time it gives up', async () => {
  const { port } = server.address() as AddressInfo
  const impatient = new Berth({ url: `http://127.0.0.1:${port}`, retries: 0, timeoutMs: 20 })
  answers = [() => {}]
  await expect(impatient.listSessions()).rejects.toThrow('No answer within 20 ms')
})

test("the caller's signal ends a call and the wait before the next try", async () => {
  const stop = new AbortController()
  answers = [
    (response) => {
      problem(503, 'session_moving', '20')(response)
      response.once('close', () => stop.abort(new Error('enough')))
    },
  ]
  await expect(berth.getQr('support', { signal: stop.signal })).rejects.toThrow('enough')
  expect(asked).toHaveLength(1)
})

test('a list is read page by page, with its filters on every page', async () => {
  answers = [
    json(200, { data: [{ id: 1 }, { id: 2 }], nextCursor: 'c2' }),
    json(200, { data: [{ id: 3 }], nextCursor: null }),
  ]
  const found = await Array.fromAsync(berth.allMessages('support', { direction: 'incoming', limit: 2 }))
  expect(found).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
  expect(asked.map(({ url }) => url)).toEqual([
    '/v1/sessions/support/messages?direction=incoming&limit=2',
    '/v1/sessions/support/messages?direction=incoming&limit=2&cursor=c2',
  ])
})

test('events come as they are sent', async () => {
  answers = [
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('event: state\ndata: {"state":"Connected"}\n\n')
    },
  ]
  expect(await Array.fromAsync(berth.streamQr('support'))).toEqual([{ event: 'state', data: { state: 'Connected' } }])
  expect(asked[0]!.headers.accept).toBe('text/event-stream')
})
