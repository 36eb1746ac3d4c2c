/** The operator's database, in Postgres. */
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Database } from './database.ts'
import { PostgresLead } from './lead.ts'
import { poll } from './poll.ts'
import { sweep } from './sweep.ts'

export const postgresDatabase = (pool: Pool): Database => ({
  poll: (canary, before) => poll(pool, canary, before),
  takeLead: () => PostgresLead.take(pool),
  sweep: () => sweep(pool),
})
