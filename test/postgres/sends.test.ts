/** The queue of sends in the database: who decides whether a message goes out or is cancelled, and what time does to it. */
import { randomUUID } from 'node:crypto'
import { type Claim, claim, openLease, release } from '@berth/core/postgres/ownership.ts'
import { inTenant, openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { advanceSends, loadSends, takeSends } from '@berth/core/postgres/sends.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { seedSession } from './seed.ts'

const PAST = "now() - interval '1 second'"
const LATER = "now() + interval '1 hour'"

let postgres: TestDatabase
let operator: Pool
let gateway: Pool
let worker: Pool
const bootId = randomUUID()
let held: Claim
beforeAll(async () => {
  postgres = await startTestPostgres()
  const open = (role: 'berth_operator' | 'berth_gateway' | 'berth_worker') =>
    openPool({ url: postgres.url, role, application: 'test' })
  operator = open('berth_operator')
  gateway = open('berth_gateway')
  worker = open('berth_worker')
  await openLease(worker, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
})
afterAll(async () => {
  await Promise.all([operator.end(), gateway.end(), worker.end()])
  await postgres.close()
})
beforeEach(async () => {
  const { sessionId } = await seedSession(operator, { tenant: `t-${randomUUID().slice(0, 8)}` })
  held = (await claim(worker, bootId, [{ sessionId, generation: 1 }]))[0]!
})

const asTenant = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> =>
  (await inTenant(gateway, held.tenantId, { text, values }))[0]!.rows as Row[]

async function add({ chat = 'ana', sendAt = 'NULL', expiresAt = 'NULL', status = 'queued' } = {}): Promise<string> {
  const id = randomUUID()
  await asTenant(
    `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status, send_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, true, 'text', '{"text":"hello"}', $6, ${sendAt}, ${expiresAt})`,
    [id, held.tenantId, held.sessionId, chat, `W-${id}`, status],
  )
  return id
}

interface Row {
  status: string
  error_code: string | null
  status_times: Record<string, string>
}
const rowOf = async (id: string): Promise<Row> =>
  (await asTenant<Row>('SELECT status, error_code, status_times FROM message WHERE id = $1', [id]))[0]!
const take = async (...ids: string[]) => [
  ...(await takeSends(
    worker,
    bootId,
    ids.map((id) => ({ ...held, id })),
  )),
]
const cancel = async (id: string): Promise<boolean> =>
  (
    await asTenant(
      `UPDATE message SET status = 'failed', error_code = 'cancelled', status_at = clock_timestamp()
       WHERE id = $1 AND status = 'queued' RETURNING id`,
      [id],
    )
  ).length === 1
const queue = async (wanted = {}) =>
  (await loadSends(worker, bootId, [held.sessionId], { limit: 50, ...wanted })).map(({ id }) => id)

test('a message is taken or cancelled, whoever comes first, and never both', async () => {
  const [first, second] = [await add(), await add()]
  expect(await take(first)).toEqual([first])
  expect(await cancel(first)).toBe(false)
  expect(await take(first)).toEqual([first]) // an unknown answer is asked for again
  expect(await cancel(second)).toBe(true)
  expect(await take(second)).toEqual([])
  expect(await queue()).toEqual([first])
  const raced = await Promise.all(Array.from({ length: 20 }, () => add()))
  await Promise.all(
    raced.map(async (id) => {
      const [taken, cancelled] = await Promise.all([take(id), cancel(id)])
      expect([taken.length, cancelled], id).toEqual(cancelled ? [0, true] : [1, false])
    }),
  )
})

test('only who holds the session takes, and only what is of it', async () => {
  const mine = await add()
  const before = held
  const { sessionId } = await seedSession(operator, { tenant: `t-${randomUUID().slice(0, 8)}` })
  const other = (await claim(worker, bootId, [{ sessionId, generation: 1 }]))[0]!
  expect(await takeSends(worker, bootId, [{ ...other, id: mine }])).toEqual(new Set())
  expect(await takeSends(worker, bootId, [{ ...before, epoch: before.epoch + 1, id: mine }])).toEqual(new Set())
  await release(worker, bootId, [before])
  expect(await take(mine)).toEqual([])
  expect((await rowOf(mine)).status).toBe('queued')
})

test('a tenant changes nothing of a message but that it is cancelled', async () => {
  const id = await add()
  for (const change of [`status = 'sent'`, `status = 'failed', error_code = 'expired'`, `error_code = 'cancelled'`]) {
    await expect(asTenant(`UPDATE message SET ${change} WHERE id = $1`, [id]), change).rejects.toThrow('policy')
  }
  await expect(asTenant(`UPDATE message SET content = '{}' WHERE id = $1`, [id])).rejects.toThrow('denied')
  expect((await rowOf(id)).status).toBe('queued')
})

test('a scheduled message waits for its time, and goes behind what was accepted before that', async () => {
  const later = await add({ sendAt: LATER })
  const second = await add({ sendAt: PAST })
  const first = await add({ sendAt: "now() - interval '2 seconds'" })
  const plain = await add()
  expect(await queue()).toEqual([plain])
  expect(await take(first, later)).toEqual([])
  expect(await advanceSends(worker)).toBe(2)
  expect(await queue()).toEqual([plain, first, second])
  expect((await rowOf(first)).status_times).toEqual({ queued: expect.any(String) })
  expect(await advanceSends(worker)).toBe(0)
  expect(await cancel(later)).toBe(true)
})

test('whose time is up is not taken any more; of one that may be out, nobody knows', async () => {
  const waiting = await add({ expiresAt: PAST })
  const taken = await add({ expiresAt: PAST, status: 'sending' })
  const open = await add({ expiresAt: LATER })
  expect(await take(waiting, taken, open)).toEqual([open])
  expect(await rowOf(waiting)).toMatchObject({ status: 'failed', error_code: 'expired' })
  expect(await rowOf(taken)).toMatchObject({ status: 'failed', error_code: 'outcome_unknown' })
  const [unseen, kept] = [
    await add({ expiresAt: PAST, sendAt: LATER }),
    await add({ expiresAt: PAST, status: 'sending' }),
  ]
  expect(await advanceSends(worker)).toBe(1)
  expect(await rowOf(unseen)).toMatchObject({ status: 'failed', error_code: 'expired' })
  expect((await rowOf(kept)).status).toBe('sending') // its owner may be about to hear of it
})

test('each status has its time', async () => {
  const id = await add()
  await take(id)
  expect((await rowOf(id)).status_times).toEqual({ sending: expect.stringMatching(/^20\d\d-/) })
})

test('a chat that has many does not keep others out', async () => {
  const many = [await add(), await add(), await add()]
  const other = await add({ chat: 'ben' })
  expect(await queue({ limit: 3, chatLimit: 2 })).toEqual([many[0], many[1], other])
  expect(await queue({ skip: { [held.sessionId]: ['ana'] } })).toEqual([other])
})
