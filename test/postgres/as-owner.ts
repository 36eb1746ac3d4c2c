/** Looking at what no process may look at. */
import type { Pool } from '@berth/core/postgres/pool.ts'

/** Runs a query as the user of the pool's URL, whatever role the pool has. */
export async function asOwner(pool: Pool, text: string) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SET LOCAL ROLE NONE')
    const result = await client.query(text)
    await client.query('COMMIT')
    return result
  } finally {
    client.release()
  }
}
