/** The installation's database: Berth's own in the embedded server, or the one of DATABASE_URL. */
import { hashApiKey } from '@berth/core/crypto/api-key.ts'
import { addApiKey } from '@berth/core/postgres/api-keys.ts'
import { migrate } from '@berth/core/postgres/migrate.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { openPool, type Pool, sqlState } from '@berth/core/postgres/pool.ts'
import { db, run } from '@berth/core/postgres/tables.ts'

const NAME = 'berth'
const DUPLICATE_DATABASE = '42P04'

/** Makes the database in the embedded server when it is missing; answers its URL. */
export async function ensureDatabase(serverUrl: string): Promise<string> {
  await runAsOwner(serverUrl, `CREATE DATABASE ${NAME}`).catch((error) => {
    if (sqlState(error) !== DUPLICATE_DATABASE) throw error
  })
  const url = new URL(serverUrl)
  url.pathname = NAME
  return url.href
}

/** Brings the schema up to date. */
export async function prepareDatabase(url: string): Promise<void> {
  try {
    await migrate(url)
  } catch (error) {
    const { host, pathname } = new URL(url)
    throw new Error(`The database at ${host}${pathname} can't be prepared: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** The operator's connections: it may see tenants and make API keys. */
export const openOperatorPool = (url: string): Pool =>
  openPool({ url, role: 'berth_operator', application: 'berth-local', max: 2 })

/** The key if it still opens the tenant's door, else a new one. */
export async function ensureApiKey(pool: Pool, tenantId: string, known: string | undefined): Promise<string> {
  const hash = known && hashApiKey(known)
  if (hash) {
    const query = db.selectFrom('api_key').select('id').where('hash', '=', hash).where('revoked_at', 'is', null)
    if ((await run(pool, query.where('tenant_id', '=', tenantId))).length > 0) return known
  }
  return (await addApiKey(pool, tenantId, 'npm start')).key
}
