/** The API document as `npm run generate` writes it: what a gateway answers that knows nothing of where it runs. */
import { KubeClient } from '@berth/core/kube/client.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { buildApp } from '../app.ts'
import { createContext } from '../services.ts'
import type { ApiDocument } from './document.ts'

/** Port 9 is "discard": the routes are only declared, nothing is connected to. */
const NOWHERE = '127.0.0.1:9'

export async function generateDocument(): Promise<ApiDocument> {
  const pool = openPool({ url: `postgres://${NOWHERE}/none`, role: 'berth_gateway', application: 'generate' })
  const kube = new KubeClient({ server: `http://${NOWHERE}`, namespace: 'none', source: 'generate' })
  const log = createLogger('generate')
  log.level = 'silent'
  const context = createContext({ pool, kube, namespace: 'none', internalToken: '', log })
  const app = await buildApp(context)
  const document = app.swagger() as unknown as ApiDocument
  await Promise.all([app.close(), context.workers.close(), kube.close(), pool.end()])
  return document
}
