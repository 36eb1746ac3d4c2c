/** The lease and its thread, against a real Postgres. */
import { randomUUID } from 'node:crypto'
import { openLease } from '@berth/core/postgres/ownership.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { monotonicMs } from '@berth/worker/lease/clock.ts'
import { Lease } from '@berth/worker/lease/lease.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Pools, startPools } from '../postgres/pools.ts'
import { until } from './until.ts'

const log = createLogger('test')
log.level = 'silent'

describe('a lease', () => {
  let postgres: Pools
  let operator: Pool
  let pool: Pool
  beforeAll(async () => {
    postgres = await startPools()
    ;({ operator, worker: pool } = postgres)
  })
  afterAll(() => postgres.close())

  const open = async () => {
    const bootId = randomUUID()
    const openedAt = monotonicMs()
    await openLease(pool, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
    const refused = Promise.withResolvers<string>()
    const lease = new Lease({ databaseUrl: postgres.url, bootId, openedAt, onRefused: refused.resolve, log })
    const renewals = async () =>
      (await operator.query<{ renewals: number }>('SELECT renewals FROM worker_lease WHERE boot_id = $1', [bootId]))
        .rows[0]!.renewals
    return { bootId, lease, refused: refused.promise, renewals }
  }

  test('is renewed although the main loop is busy for seconds', async () => {
    const { lease, renewals } = await open()
    const before = await until(async () => (await renewals()) || undefined)
    const end = performance.now() + 2500
    while (performance.now() < end); // a loop that stands still, which is what this is about
    expect(lease.mayAct).toBe(true)
    expect((await renewals()) - before).toBeGreaterThanOrEqual(2)
    await lease.stop()
  })

  test('says how busy the process is', async () => {
    const { bootId, lease } = await open()
    const load = await until(async () => {
      const { rows } = await operator.query<{ lag: number | null; memory: number }>(
        'SELECT loop_lag_ms AS lag, memory_percent AS memory FROM worker_lease WHERE boot_id = $1',
        [bootId],
      )
      return rows[0]?.lag === null ? undefined : rows[0]
    })
    expect(load.lag).toBeGreaterThanOrEqual(0)
    expect(load.memory).toBeGreaterThan(0)
    await lease.stop()
  })

  test('that was revoked ends the boot, once and at once', async () => {
    const { bootId, lease, refused } = await open()
    expect(lease.mayAct).toBe(true)
    await operator.query('UPDATE worker_lease SET revoked_at = now() WHERE boot_id = $1', [bootId])
    expect(await refused).toMatch(/revoked/)
    expect(lease.mayAct).toBe(false)
    await lease.stop()
  })

  test('that is stopped is renewed no more, and that is no refusal', async () => {
    const { lease, refused } = await open()
    await lease.stop()
    expect(lease.mayAct).toBe(false)
    expect(await Promise.race([refused, Promise.resolve('quiet')])).toBe('quiet')
  })
})
