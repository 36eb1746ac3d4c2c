/** The worker process. */

import { CLOUD_API } from '@berth/core/cloud-api/channel.ts'
import { EnvironmentError } from '@berth/core/environment.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { readConfig } from './config.ts'
import { baileysDrivers } from './drivers/baileys/driver.ts'
import { cloudApiDrivers } from './drivers/cloud-api/driver.ts'
import { driversBy } from './drivers/drivers.ts'
import { startWorker } from './worker.ts'

const log = createLogger('worker')

// One corrupt frame from the network is an unhandled rejection inside the library. It must not end a thousand sessions; the
// one that it belongs to is found by its keep-alive.
process.on('unhandledRejection', (error) => log.warn({ err: error }, 'a rejection that nobody handled'))

try {
  const config = readConfig()
  const worker = await startWorker({
    config,
    kube: await loadKubeConfig(),
    drivers: driversBy({
      Baileys: baileysDrivers(config.whatsapp ?? {}),
      [CLOUD_API]: cloudApiDrivers({ url: config.graphUrl }),
    }),
    onDead: (reason) => {
      log.error({ reason }, 'this boot is over')
      process.exit(1)
    },
    log,
  })
  let stopping = false
  // SIGTERM: others may take the sessions over. SIGINT: nobody does, as all of a machine stops.
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'giving the sessions back')
    await worker
      .stop({ handOver: signal === 'SIGTERM' })
      .catch((error) => log.warn({ err: error }, 'not everything could be given back'))
    process.exit(0)
  }
  process.on('SIGTERM', (signal) => void stop(signal))
  process.on('SIGINT', (signal) => void stop(signal))
} catch (error) {
  if (error instanceof EnvironmentError) process.stderr.write(`${error.message}\n`)
  else log.error({ err: error }, 'the worker could not start')
  process.exit(1)
}
