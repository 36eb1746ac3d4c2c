/**
 * The pace of logins in Postgres is the rule of core/ownership/login-pace.ts: random histories of workers that ask, and of
 * boots that end, are driven through both and compared after each step.
 */
import { randomUUID } from 'node:crypto'
import { type Bucket, leaseLogins, type Pace, type Request } from '@berth/core/ownership/login-pace.ts'
import { leaseLogins as leaseInPostgres, loadTiers, setLoginPace } from '@berth/core/postgres/logins.ts'
import { claim, endLease, openLease } from '@berth/core/postgres/ownership.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asOwner } from './as-owner.ts'
import { type Pools, startPools } from './pools.ts'
import { seedSession } from './seed.ts'

const HISTORIES = process.env.BERTH_FULL ? 1_000 : 25
const BOOTS = [0, 1, 2] as const

let postgres: Pools
let operators: Pool
let workers: Pool

beforeAll(async () => {
  postgres = await startPools()
  ;({ operator: operators, worker: workers } = postgres)
})
afterAll(() => postgres.close())

const openBoot = async (): Promise<string> => {
  const bootId = randomUUID()
  await openLease(workers, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
  return bootId
}

const timestamp = (ms: number) => `timestamptz '2026-11-21 00:00Z' + interval '1 millisecond' * ${ms}`

const state = async (): Promise<{
  tokens: number
  at: number
  demands: { boot: string; rank: number; count: number }[]
}> => {
  const { rows } = await asOwner(
    operators,
    `SELECT tokens, extract(epoch FROM at - timestamptz '2026-11-21 00:00Z') * 1000 AS at,
       (SELECT coalesce(json_agg(json_build_object('boot', boot_id, 'rank', rank, 'count', count)
          ORDER BY boot_id, rank), '[]') FROM berth.login_demand) AS demands FROM berth.login_pace`,
  )
  return { ...rows[0], at: Number(rows[0].at) }
}

const paces = fc.record({ rate: fc.constantFrom(0.5, 7, 20, 33.3), burst: fc.integer({ min: 1, max: 30 }) })
const requests = fc.record({
  boot: fc.constantFrom(...BOOTS),
  most: fc.integer({ min: 0, max: 10 }),
  wanted: fc
    .uniqueArray(fc.record({ rank: fc.integer({ min: -3, max: 3 }), count: fc.integer({ min: 1, max: 9 }) }), {
      selector: ({ rank }) => rank,
      maxLength: 3,
    })
    .map((list) => list.toSorted((a, b) => a.rank - b.rank)),
})
const steps = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.record({ request: requests, afterMs: fc.integer({ min: -2000, max: 4000 }) }) },
    { weight: 1, arbitrary: fc.record({ end: fc.constantFrom(...BOOTS) }) },
  ),
  { maxLength: 15 },
)

test('Postgres gives the same tokens to the same boots', async () => {
  await fc.assert(
    fc.asyncProperty(paces, steps, async (pace: Pace, history) => {
      const boots = await Promise.all(BOOTS.map(openBoot))
      const ended = new Set<string>()
      let bucket: Bucket = { tokens: pace.burst, at: 0, demands: [] }
      let now = 0
      await setLoginPace(operators, pace)
      await asOwner(operators, 'DELETE FROM berth.login_demand')
      await asOwner(operators, `UPDATE berth.login_pace SET tokens = ${pace.burst}, at = ${timestamp(0)}`)
      for (const step of history) {
        if ('end' in step) {
          await endLease(workers, boots[step.end]!)
          ended.add(boots[step.end]!)
          continue
        }
        now += step.afterMs
        const request: Request = { ...step.request, boot: boots[step.request.boot]! }
        const { bucket: next, grant } = leaseLogins(pace, bucket, request, (boot) => !ended.has(boot), now)
        const { rows } = await asOwner(
          operators,
          `SELECT granted, wait_ms AS "waitMs" FROM berth.lease_logins_at('${request.boot}', ${request.most},
             '{${request.wanted.map(({ rank }) => rank)}}', '{${request.wanted.map(({ count }) => count)}}', ${timestamp(now)})`,
        )
        expect(rows[0]).toEqual(grant)
        const demands = next.demands
          .map(({ boot, rank, count }) => ({ boot, rank, count }))
          .sort((a, b) => (a.boot === b.boot ? a.rank - b.rank : a.boot < b.boot ? -1 : 1))
        expect(await state()).toEqual({ tokens: expect.closeTo(next.tokens, 6), at: next.at, demands })
        bucket = next
      }
    }),
    { numRuns: HISTORIES },
  )
})

test('workers that ask at the same time share one bucket; one whose boot is over gets nothing', async () => {
  await asOwner(operators, 'DELETE FROM berth.login_demand')
  await setLoginPace(operators, { rate: 0.001, burst: 7 })
  await asOwner(operators, 'UPDATE berth.login_pace SET tokens = 7, at = now()')
  const boots = await Promise.all(Array.from({ length: 4 }, openBoot))
  const ask = (boot: string) => leaseInPostgres(workers, { boot, most: 5, wanted: [{ rank: 0, count: 5 }] })
  await endLease(workers, boots[0]!)
  expect((await ask(boots[0]!)).granted).toEqual([0])
  const grants = await Promise.all(boots.slice(1).map(ask))
  expect(grants.map(({ granted }) => granted[0]!).reduce((total, one) => total + one, 0)).toBe(7)
})

test("a session's rank is the price of its tenant's tier; one whose tier is not known yet comes last", async () => {
  await operators.query(
    `INSERT INTO tier (name, spec) VALUES ('max', '{"price": {"amount": "99.50", "currency": "USD"}}'), ('free', '{}')`,
  )
  const bootId = await openBoot()
  const ranks = new Map<string, number>()
  for (const tier of ['max', 'free', 'unknown']) {
    const { sessionId, tenantId } = await seedSession(operators, { tenant: `tenant-of-${tier}` })
    await operators.query('UPDATE tenant SET tier = $2 WHERE id = $1', [tenantId, tier])
    await claim(workers, bootId, [{ sessionId, generation: 1 }])
    const [row] = await loadTiers(workers, bootId, [sessionId])
    ranks.set(row!.tier, row!.rank)
    expect(await loadTiers(workers, await openBoot(), [sessionId])).toEqual([])
  }
  expect(Object.fromEntries(ranks)).toEqual({ max: -9950, free: 0, unknown: 0 })
})
