/** A server that dies must not take the processes with it: a cut connection is one failed query. */
import { inTenant, openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'

let database: TestDatabase
let pool: Pool
let other: Pool

beforeAll(async () => {
  database = await startTestPostgres()
  pool = openPool({ url: database.url, role: 'berth_gateway', application: 'cut', max: 1 })
  other = openPool({ url: database.url, role: 'berth_operator', application: 'cutter', max: 1 })
})
afterAll(async () => {
  await Promise.all([pool.end(), other.end()])
  await database.close()
})

/** As the superuser behind the role. */
const cut = async () => {
  const client = await other.connect()
  await client.query('SET ROLE NONE')
  await client.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'cut'")
  client.release(true)
}

const tenant = '00000000-0000-4000-8000-000000000000'
const one = () => inTenant(pool, tenant, { text: 'SELECT 1 AS n' }).then(([result]) => result?.rows)

test('a connection that is cut while nobody uses it, or while it is taken, costs one query at most', async () => {
  expect(await one()).toEqual([{ n: 1 }])
  await cut()
  await one().catch(() => {}) // whether the pool noticed in time is up to it
  expect(await one()).toEqual([{ n: 1 }])

  const taken = await pool.connect()
  await taken.query('SELECT 1')
  await cut()
  await expect(taken.query('SELECT 1')).rejects.toThrow()
  taken.release(true)
  expect(await one()).toEqual([{ n: 1 }])
})

test('a connection that is cut within a query is not used again', async () => {
  const sleeping = inTenant(pool, tenant, { text: 'SELECT pg_sleep(30)' })
  const refused = expect(sleeping).rejects.toThrow()
  await expect
    .poll(async () => {
      const { rows } = await other.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'cut'",
      )
      return rows[0].n
    })
    .toBe(1)
  await cut()
  await refused
  expect(await one()).toEqual([{ n: 1 }])
})
