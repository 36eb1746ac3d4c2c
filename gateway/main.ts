/** The gateway process. Settings: config.ts. */
import type { AddressInfo } from 'node:net'
import { EnvironmentError } from '@berth/core/environment.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { SchemaMismatch, waitForSchema } from '@berth/core/postgres/migrate.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { buildApp } from './app.ts'
import { readConfig } from './config.ts'
import { MediaJanitor } from './media/janitor.ts'
import { serveMetrics } from './metrics-server.ts'
import { createContext } from './services.ts'
import { Dispatcher } from './webhooks/dispatcher.ts'

const SHUTDOWN_MS = 10_000
/** Callers wait for an answer: a statement that takes longer than this is one of a database in trouble. */
const STATEMENT_MS = 4_000

const log = createLogger('gateway')

async function main(): Promise<void> {
  const config = readConfig()
  const kube = new KubeClient(await loadKubeConfig(), { component: 'gateway' })
  const pool = openPool({
    url: config.databaseUrl,
    role: 'berth_gateway',
    application: 'berth-gateway',
    max: 16,
    statementMs: STATEMENT_MS,
  })
  const context = createContext({ ...config, pool, kube, log })
  const app = await buildApp(context)
  const { database, webhooks } = context
  const dispatcher = new Dispatcher({ pool, database, ...webhooks, publicUrl: config.publicUrl, log })
  const janitor = config.store && new MediaJanitor(pool, config.store, log).start()

  let stopping = false
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'stopping: answers what is under way')
    // What is not answered by then is cut off.
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref()
    await Promise.all([app.close(), dispatcher.stop()])
    await janitor?.stop()
    await Promise.all([context.workers.close(), kube.close(), pool.end()])
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  await waitForSchema(pool, log)
  dispatcher.start()
  const metrics = await serveMetrics({ host: config.host, port: config.metricsPort })
  const url = await app.listen({ host: config.host, port: config.port })
  const { port: metricsPort } = metrics.address() as AddressInfo
  log.info({ url, metricsPort, publicUrl: config.publicUrl }, 'the gateway listens')
}

main().catch((error: Error) => {
  if (error instanceof EnvironmentError || error instanceof SchemaMismatch) console.error(error.message)
  else log.fatal({ err: error }, 'the gateway could not start')
  process.exit(1)
})
