/** What becomes of keys in a database that went back, and when a database is another one. The rest is in machine.test.ts. */
import { randomUUID } from 'node:crypto'
import { loadKeys } from '@berth/core/postgres/auth-state.ts'
import { writeCommit } from '@berth/core/postgres/commit.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { claim, endLease, openLease } from '@berth/core/postgres/ownership.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { databaseDoubt, reportWentBack, trustSession } from '@berth/core/postgres/trust.ts'
import { PostgresLead } from '@berth/operator/lead.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Pools, startPools } from './pools.ts'
import { seedSession } from './seed.ts'

const HOME = 'home'
const TYPES = ['session', 'pre-key']

let postgres: Pools
let operator: Pool
let worker: Pool

beforeAll(async () => {
  postgres = await startPools()
  ;({ operator, worker } = postgres)
})
afterAll(() => postgres.close())
beforeEach(async () => {
  const lead = await PostgresLead.take(operator)
  await lead.trust.confirm(await databaseDoubt(worker), HOME)
})

const boot = async (): Promise<string> => {
  const bootId = randomUUID()
  await openLease(worker, { bootId, podUid: randomUUID(), worker: 'w', address: '-' })
  return bootId
}

/** A session with a key of each type, left by a boot that has ended. */
async function sessionWithKeys(): Promise<string> {
  const { sessionId } = await seedSession(operator, { tenant: `t-${randomUUID()}` })
  const bootId = await boot()
  const [held] = await claim(worker, bootId, [{ sessionId, generation: 1 }])
  const keys = TYPES.map((type) => ({ type, id: '1', value: Buffer.from(type) }))
  await writeCommit(worker, bootId, 1, [
    { session: held!, keys, journal: [], received: [], statuses: [], commands: [] },
  ])
  await endLease(worker, bootId)
  return sessionId
}

const typesOf = async (bootId: string, sessionId: string): Promise<string[]> => {
  const wanted = TYPES.map((type) => ({ sessionId, type, id: '1' }))
  const values = await loadKeys(worker, bootId, wanted)
  return TYPES.filter((_, index) => values[index])
}

async function repair(): Promise<void> {
  await reportWentBack(worker, 'a test')
  const lead = await PostgresLead.take(operator)
  const next = { incarnation: 2, mark: 1, epochFloor: 2_000 }
  await lead.trust.repair((await databaseDoubt(worker))!, HOME, next, [])
}

test('the ratchets of a distrusted session are gone before its owner can read them, until it is trusted', async () => {
  const sessionId = await sessionWithKeys()
  const before = await boot()
  expect(await claim(worker, before, [{ sessionId, generation: 2 }], ['session'])).toMatchObject([
    { distrusted: false },
  ])
  expect(await typesOf(before, sessionId)).toEqual(TYPES)
  await endLease(worker, before)

  await repair()
  const after = await boot()
  const [claimed] = await claim(worker, after, [{ sessionId, generation: 3 }], ['session'])
  expect(claimed).toMatchObject({ epoch: 2_001, distrusted: true })
  expect(await typesOf(after, sessionId)).toEqual(['pre-key'])

  await trustSession(worker, after, { sessionId, epoch: claimed!.epoch - 1 })
  const again = await claim(worker, after, [{ sessionId, generation: 4 }], ['session'])
  expect(again).toMatchObject([{ distrusted: true }])
  await trustSession(worker, after, again[0]!)
  expect(await claim(worker, after, [{ sessionId, generation: 5 }])).toMatchObject([{ distrusted: false }])
})

test('a repair for a doubt that is not the present one does nothing', async () => {
  const sessionId = await sessionWithKeys()
  await reportWentBack(worker, 'one')
  const old = (await databaseDoubt(worker))!
  await reportWentBack(worker, 'another')
  const lead = await PostgresLead.take(operator)
  const next = { incarnation: 9, mark: 9, epochFloor: 9_000 }
  expect(await lead.trust.repair(old, HOME, next, [])).toBeUndefined()
  expect(await lead.trust.confirm(old, HOME)).toBe(false)
  const { rows } = await operator.query('SELECT distrusted FROM session_owner WHERE session_id = $1', [sessionId])
  expect(rows).toEqual([{ distrusted: false }])
})

test('tables that were made anew in the same server are in doubt, as a restore makes them', async () => {
  expect(await databaseDoubt(worker)).toBeUndefined()
  await runAsOwner(
    postgres.url,
    'ALTER TABLE berth.database_trust RENAME TO dumped',
    'CREATE TABLE berth.database_trust (LIKE berth.dumped INCLUDING ALL)',
    'GRANT ALL ON berth.database_trust TO berth_definer, berth_operator',
    'INSERT INTO berth.database_trust SELECT * FROM berth.dumped',
  )
  expect(await databaseDoubt(worker)).toContain('/')
})
