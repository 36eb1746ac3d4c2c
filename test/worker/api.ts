/** The API over the database of a world of workers, as a tenant's program uses it. */
import { Berth } from '@berth/client'
import { createApiKey } from '@berth/core/crypto/api-key.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { buildApp } from '@berth/gateway/app.ts'
import { createContext } from '@berth/gateway/services.ts'
import type { World } from './world.ts'

/** Specs are not written through it: port 9 is "discard". */
const NO_CLUSTER = { server: 'http://127.0.0.1:9', namespace: 'nowhere', source: 'test' }

export interface Api {
  client: Berth
  close(): Promise<void>
}

/** @param internalToken of the installation */
export async function startApi(world: World, internalToken: string): Promise<Api> {
  for (const { metadata, spec } of defaultTiers) {
    await world.sql('INSERT INTO tier (name, spec) VALUES ($1, $2)', metadata.name, JSON.stringify(spec))
  }
  const { key, hash, hint } = createApiKey()
  await world.sql(`INSERT INTO api_key (tenant_id, name, hash, hint) SELECT id, 'test', $1, $2 FROM tenant`, hash, hint)
  const log = createLogger('gateway')
  log.level = process.env.LOG_LEVEL ?? 'silent'
  const pool = openPool({ url: world.databaseUrl, role: 'berth_gateway', application: 'test-api' })
  const kube = new KubeClient(NO_CLUSTER)
  const context = createContext({ pool, kube, namespace: kube.namespace, internalToken, log })
  const app = await buildApp(context)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    client: new Berth({ url, apiKey: key }),
    close: async () => {
      await app.close()
      await context.workers.close()
      await kube.close()
      await pool.end()
    },
  }
}
