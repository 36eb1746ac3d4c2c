/** Events: written with the state that they tell of, numbered per session, and read without a gap however commits interleave. */
import { randomUUID } from 'node:crypto'
import { writeCommit } from '@berth/core/postgres/commit.ts'
import { type EventPosition, type EventRow, eventsBehind } from '@berth/core/postgres/events.ts'
import { claim, openLease } from '@berth/core/postgres/ownership.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { runInTenant } from '@berth/core/postgres/tables.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { sweep } from '@berth/operator/sweep.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { asOwner } from './as-owner.ts'
import { seedSession } from './seed.ts'

vi.setConfig({ testTimeout: 30_000 })

let postgres: TestDatabase
let operators: Pool
let workers: Pool
let gateways: Pool

beforeAll(async () => {
  postgres = await startTestPostgres()
  operators = openPool({ url: postgres.url, role: 'berth_operator', application: 'test', max: 2 })
  workers = openPool({ url: postgres.url, role: 'berth_worker', application: 'test', max: 8 })
  gateways = openPool({ url: postgres.url, role: 'berth_gateway', application: 'test', max: 2 })
})
afterAll(async () => {
  await Promise.all([operators.end(), workers.end(), gateways.end()])
  await postgres.close()
})

type Queryable = Parameters<typeof writeCommit>[0]

/** A worker with one session, which writes its state. */
async function owner(tenant: string, name: string) {
  const { sessionId, tenantId } = await seedSession(operators, { tenant, name })
  const bootId = randomUUID()
  await openLease(workers, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
  const [claimed] = await claim(workers, bootId, [{ sessionId, generation: 1 }], [])
  let commits = 0
  const write = (
    state: string,
    more: { reason?: string } = {},
    db: Queryable = workers as never,
    epoch = claimed!.epoch,
  ) =>
    writeCommit(db, bootId, ++commits, [
      {
        session: { sessionId, epoch },
        keys: [],
        journal: [],
        received: [],
        statuses: [],
        commands: [],
        state: { state, attempt: 0, since: new Date(), ...more },
      },
    ])
  return { sessionId, tenantId, write }
}

const read = (tenantId: string, after?: EventPosition): Promise<EventRow[]> =>
  runInTenant(gateways, tenantId, eventsBehind({ limit: 1000, ...(after && { after }) }))
/** Other databases of the server have transactions too, which hold back what can be read. */
const readAll = async (tenantId: string, count: number): Promise<EventRow[]> => {
  await expect.poll(async () => (await read(tenantId)).length).toBe(count)
  return read(tenantId)
}
const statesOf = (rows: EventRow[]) => rows.map(({ data }) => (data as { state: string }).state)

test('a change of state is one event, in its commit; a repeated state, another reason or a refused write is none', async () => {
  const { tenantId, sessionId, write } = await owner('acme', 'support')
  await write('Connecting')
  await write('Connected')
  await write('Connected', { reason: 'Still' })
  await write('LoggedOut', { reason: 'LoggedOut' })
  expect(await write('Connected', {}, undefined, 99)).toEqual(new Set())
  const rows = await readAll(tenantId, 3)
  expect(rows.map(({ seq, type, session }) => [seq, type, session])).toEqual(
    [1, 2, 3].map((seq) => [seq, 'session.state', 'support']),
  )
  expect(rows.at(-1)!.data).toEqual({ state: 'LoggedOut', reason: 'LoggedOut' })
  expect(await runInTenant(gateways, tenantId, eventsBehind({ limit: 2, sessionId }))).toEqual(rows.slice(0, 2))
  expect(await read(randomUUID())).toEqual([])
})

test('what is committed later than it was begun is not skipped: nothing behind it is shown before', async () => {
  const [slow, quick] = [await owner('beta', 'slow'), await owner('beta', 'quick')]
  const client = await workers.connect()
  await client.query('BEGIN')
  await slow.write('Connecting', {}, client)
  await quick.write('Connected')
  expect(await read(slow.tenantId)).toEqual([])
  await client.query('COMMIT')
  client.release()
  expect((await readAll(slow.tenantId, 2)).map(({ session }) => session)).toEqual(['slow', 'quick'])
})

test('a reader that goes on from its last event sees every event of many writers once, in the order of each session', async () => {
  const owners = await Promise.all(Array.from({ length: 6 }, (_, i) => owner('gamma', `session-${i}`)))
  const { tenantId } = owners[0]!
  const rounds = 15
  let writing = true
  const written = Promise.all(
    owners.map(async ({ write }, i) => {
      for (let round = 0; round < rounds; round++) {
        const client = await workers.connect()
        await client.query('BEGIN')
        await write(`state-${round}`, {}, client)
        // Held open for as long as others need for some commits, each for another one.
        for (let pause = 0; pause < (i * 7 + round * 3) % 5; pause++) await client.query('SELECT 1')
        await client.query(round % 5 === 4 ? 'ROLLBACK' : 'COMMIT')
        client.release()
        if (round % 5 === 4) return
      }
    }),
  ).finally(() => {
    writing = false
  })
  const seen: EventRow[] = []
  const more = async () => {
    seen.push(...(await read(tenantId, seen.at(-1))))
    return seen.length
  }
  while (writing) await more()
  await written
  await expect.poll(more).toBeGreaterThanOrEqual(owners.length * 4)
  expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
  for (const rows of Map.groupBy(seen, ({ session }) => session).values()) {
    expect(statesOf(rows)).toEqual(['state-0', 'state-1', 'state-2', 'state-3'])
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
  }
  expect(seen).toHaveLength(owners.length * 4)
})

test('events are kept as long as the tier says; those of a dump from another server are shown like others', async () => {
  const { tenantId, write } = await owner('delta', 'support')
  await operators.query(`INSERT INTO tier (name, spec) VALUES ('brief', '{"limits": {"retentionDays": 7}}')`)
  await operators.query(`UPDATE tenant SET tier = 'brief' WHERE id = $1`, [tenantId])
  for (const state of ['old', 'young', 'restored']) await write(state)
  const age = (state: string, change: string) =>
    asOwner(
      operators,
      `UPDATE berth.event SET ${change} WHERE tenant_id = '${tenantId}' AND data ->> 'state' = '${state}'`,
    )
  await age('old', `occurred_at = now() - interval '8 days'`)
  await age('young', `occurred_at = now() - interval '6 days'`)
  await age('restored', `xid = '4000000000000'`)
  expect(statesOf(await readAll(tenantId, 2))).toEqual(['old', 'young'])
  expect(await sweep(operators)).toMatchObject({ events: 1 })
  expect(statesOf(await readAll(tenantId, 2))).toEqual(['young', 'restored'])
})
