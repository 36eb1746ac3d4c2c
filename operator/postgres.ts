/** The operator's database, in Postgres. */
import type { Pace } from '@berth/core/ownership/login-pace.ts'
import { setLoginPace } from '@berth/core/postgres/logins.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Database } from './database.ts'
import { PostgresLead } from './lead.ts'
import { poll } from './poll.ts'
import { sweep } from './sweep.ts'

/** `logins`: what the installation is set to; whoever takes the lead says it to all. */
export const postgresDatabase = (pool: Pool, logins: Pace): Database => ({
  poll: (canary, before) => poll(pool, canary, before),
  takeLead: async () => {
    const lead = await PostgresLead.take(pool)
    await setLoginPace(pool, logins)
    return lead
  },
  sweep: () => sweep(pool),
})
