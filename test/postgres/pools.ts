/** A database of a test's own, and connections to it as each of Berth's roles. */
import type { Role } from '@berth/core/postgres/migrate.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { startTestPostgres } from '@berth/local/postgres/testing.ts'

export interface Pools {
  /** Of the superuser. */
  url: string
  operator: Pool
  worker: Pool
  gateway: Pool
  close(): Promise<void>
}

/** A busy machine may take its time. */
const PATIENTLY = { connectMs: 60_000, statementMs: 60_000 }

export const testPool = (url: string, role: Role): Pool =>
  openPool({ url, role, application: `test-${role}`, ...PATIENTLY })

/** Pools that nobody asks open no connection. */
export async function startPools(): Promise<Pools> {
  const { url, close } = await startTestPostgres()
  const [operator, worker, gateway] = (['berth_operator', 'berth_worker', 'berth_gateway'] as const).map((role) =>
    testPool(url, role),
  ) as [Pool, Pool, Pool]
  return {
    url,
    operator,
    worker,
    gateway,
    async close() {
      await Promise.all([operator, worker, gateway].map((pool) => pool.end()))
      await close()
    },
  }
}
