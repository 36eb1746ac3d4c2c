import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { FakeWorker } from './fake-worker.ts'
import { type Answer, type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant
let name: string
let session: string
let owner: FakeWorker
let next = 1

beforeAll(async () => {
  world = await World.start({ holds: { firstQrMs: 10_000 } })
  acme = await world.addTenant('acme')
})
afterAll(() => world.close())

beforeEach(async () => {
  name = `session-${next++}`
  session = await world.addSession(acme, name)
  owner = await world.startWorker()
  await owner.claim(session, 1)
  await owner.setState(session, 'WaitingForScan')
})

const qr = (): Promise<Answer> =>
  world.call(acme, `GET /v1/sessions/${name}/qr`, { headers: { accept: 'application/json' } })

/** A new owner that waits for a scan. */
async function takeOver(): Promise<FakeWorker> {
  const successor = await world.startWorker()
  expect(await successor.claim(session, 2)).toBe(true)
  await successor.setState(session, 'WaitingForScan')
  successor.offer(session, 'from the successor')
  return successor
}

test('a call goes to the owner', async () => {
  owner.offer(session, 'from the owner')
  expect((await qr()).body.qr).toBe('from the owner')
})

test('421: the call follows the session to its new owner', async () => {
  owner.offer(session, 'from the owner')
  await qr()
  // The gateway still knows the old owner, which has given the session back.
  await owner.release(session)
  await takeOver()
  expect((await qr()).body.qr).toBe('from the successor')
})

test('421 from a boot that Postgres still names: the call is held until there is another owner', async () => {
  owner.forget(session)
  const held = qr()
  await expect.poll(() => owner.calls.length).toBeGreaterThan(1)
  await world.revoke(owner)
  await takeOver()
  expect((await held).body.qr).toBe('from the successor')
})

test('connection refused: the call is held while nobody listens, and follows', async () => {
  owner.offer(session, 'from the owner')
  await qr()
  await owner.kill()
  const held = qr()
  await world.revoke(owner)
  await takeOver()
  expect((await held).body.qr).toBe('from the successor')
})

test('a connection that breaks while the worker thinks: a read is repeated at the new owner', async () => {
  const held = qr()
  await expect.poll(() => owner.calls.length).toBe(1)
  await owner.kill()
  await world.revoke(owner)
  await takeOver()
  expect((await held).body.qr).toBe('from the successor')
})

test('a worker that answers 500 is tried again', async () => {
  owner.offer(session, 'from the owner')
  owner.answerWith = 500
  const held = qr()
  await expect.poll(() => owner.calls.length).toBeGreaterThan(1)
  owner.answerWith = undefined
  expect((await held).body.qr).toBe('from the owner')
})

test('a message that waits for its ack is sent by the new owner and answered by the same call', async () => {
  await owner.connect(session)
  await owner.kill()
  const held = world.call(acme, `POST /v1/sessions/${name}/messages`, {
    body: { to: '+5511999990002', text: 'x' },
    headers: { prefer: 'wait=20' },
  })
  await world.revoke(owner)
  const successor = await world.startWorker()
  await successor.claim(session, 2)
  await successor.connect(session)
  const answer = await held
  expect([answer.status, answer.body.status]).toEqual([201, 'sent'])
})

test('without a wait a message is taken at once, whatever the worker does', async () => {
  await owner.connect(session)
  await owner.kill()
  const answer = await world.call(acme, `POST /v1/sessions/${name}/messages`, {
    body: { to: '+5511999990002', text: 'x' },
  })
  expect([answer.status, answer.body.status]).toEqual([201, 'queued'])
})

test('the hold ends: 503 with the time to try again', async () => {
  const impatient = await World.start({ holds: { firstQrMs: 200 } })
  try {
    const tenant = await impatient.addTenant('acme')
    await impatient.addSession(tenant, 'support')
    const answer = await impatient.call(tenant, 'GET /v1/sessions/support/qr')
    expect([answer.status, answer.body.code]).toEqual([503, 'session_moving'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  } finally {
    await impatient.close()
  }
})
