/** The operator process: reads its settings, connects, runs until it is told to stop. */
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { waitForSchema } from '@berth/core/postgres/migrate.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { readConfig } from './config.ts'
import { serve } from './http.ts'
import { Operator } from './operator.ts'
import { postgresDatabase } from './postgres.ts'

const log = createLogger('operator')

/** A second, and at once: when a worker with a thousand sessions dies, each needs a write before anybody takes it up. */
const REQUESTS = { qps: 1_000, burst: 2_000 }

async function main(): Promise<void> {
  const config = readConfig()
  const kube = await loadKubeConfig()
  const namespace = config.namespace ?? kube.namespace
  const client = new KubeClient({ ...kube, namespace }, { component: 'operator', ...REQUESTS })
  const pool = openPool({ url: config.databaseUrl, role: 'berth_operator', application: 'berth-operator' })
  await waitForSchema(pool, log)
  const operator = new Operator({ client, database: postgresDatabase(pool, config.logins), config, log })
  const server = await serve({ ...config, isReady: () => operator.isReady })
  operator.start()
  log.info({ namespace: client.namespace, port: config.port, server: kube.server }, 'operator started')

  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'operator stops')
    await operator.stop()
    server.close()
    server.closeAllConnections()
    await Promise.all([client.close(), pool.end()])
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: Error) => {
  log.fatal(error.name === 'EnvironmentError' ? error.message : { err: error }, 'the operator could not start')
  process.exit(1)
})
