/** One id finds a call in all processes: the request id and the trace go to the worker, and stand in every line. */
import { createLogger } from '@berth/core/telemetry/log.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { FakeWorker } from './fake-worker.ts'
import { type TestTenant, World } from './world.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALL = { 'x-request-id': 'order-7', traceparent: `00-${TRACE}-b7ad6b7169203331-01`, tracestate: 'vendor=1' }

let world: World
let acme: TestTenant
let worker: FakeWorker
let session: string
const lines: { requestId?: string; traceId?: string; level: string; msg: string; error?: unknown }[] = []

beforeAll(async () => {
  const log = createLogger('gateway', { write: (line) => void lines.push(JSON.parse(line)) })
  log.level = 'debug'
  world = await World.start({ log, holds: { moveMs: 50, firstQrMs: 2000 } })
  acme = await world.addTenant('acme')
  const connected = await world.addConnected(acme, 'support')
  worker = connected.worker
  session = connected.id
})
afterAll(() => world.close())
beforeEach(() => {
  lines.length = 0
})

/** What the gateway tells a worker, beside what every call carries. */
const told = ({ lastHeaders }: FakeWorker) => {
  const [, traceId, spanId, flags] = String(lastHeaders.traceparent).split('-')
  return { requestId: lastHeaders['x-request-id'], traceId, spanId, flags, state: lastHeaders.tracestate }
}

const send = (headers: Record<string, string>) =>
  world.call(acme, 'POST /v1/sessions/support/messages', { body: { to: '+5511999990002', text: 'x' }, headers })

test('a call that waits for the worker: the worker is told, and the lines carry both ids', async () => {
  const answer = await send({ ...CALL, prefer: 'wait=2' })
  expect(answer.headers.get('x-request-id')).toBe('order-7')
  expect(told(worker)).toMatchObject({ requestId: 'order-7', traceId: TRACE, flags: '01', state: 'vendor=1' })
  expect(told(worker).spanId, 'a span of its own').not.toBe('b7ad6b7169203331')
  await expect.poll(() => lines.map(({ msg }) => msg)).toContain('answered')
  for (const line of lines) expect(line).toMatchObject({ requestId: 'order-7', traceId: TRACE })
})

test('a wake-up goes out under the call that it is for', async () => {
  await send({ ...CALL, 'x-request-id': 'order-8' })
  await expect.poll(() => told(worker).requestId).toBe('order-8')
  expect(told(worker).traceId).toBe(TRACE)
})

test('a code that is fetched from the worker', async () => {
  const other = await world.addSession(acme, 'unlinked')
  const owner = await world.startWorker()
  await owner.claim(other, 1)
  await owner.setState(other, 'WaitingForScan')
  owner.offer(other, 'a code')
  const answer = await world.call(acme, 'GET /v1/sessions/unlinked/qr', { headers: { ...CALL, accept: 'text/plain' } })
  expect(answer.status).toBe(200)
  expect(told(owner)).toMatchObject({ requestId: 'order-7', traceId: TRACE })
})

test('without ids they are made, and the answer says which', async () => {
  const answer = await send({ prefer: 'wait=2' })
  const id = answer.headers.get('x-request-id')
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  expect(told(worker).requestId).toBe(id)
  expect(told(worker).traceId).toMatch(/^[0-9a-f]{32}$/)
})

test('what goes wrong on the way is logged under the call', async () => {
  worker.forget(session)
  await send({ 'x-request-id': 'order-9' })
  const lost = () => lines.find(({ msg }) => msg === 'the owner was not woken')
  await expect.poll(lost).toMatchObject({ requestId: 'order-9' })
})
