/** A gateway before the bench's worker, and a customer's key whose limits are never met. */
import { fileURLToPath } from 'node:url'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { addApiKey } from '@berth/core/postgres/api-keys.ts'
import { freePort } from '@berth/local/ports.ts'
import { LIMITS } from '../chaos/tiers.ts'
import { until } from '../chaos/until.ts'
import { Child } from './child.ts'
import { type Stage, TOKEN } from './stage.ts'

const MAIN = fileURLToPath(import.meta.resolve('@berth/gateway/main.ts'))
const START_TIMEOUT_MS = 120_000

export class Gateway {
  readonly url: string
  readonly apiKey: string
  readonly #child: Child

  private constructor(url: string, apiKey: string, child: Child) {
    this.url = url
    this.apiKey = apiKey
    this.#child = child
  }

  static async start(stage: Stage, tenantId: string): Promise<Gateway> {
    await raiseLimits(stage)
    const { key } = await addApiKey(stage.operator, tenantId, 'bench')
    const port = await freePort()
    const child = new Child(MAIN, {
      env: {
        DATABASE_URL: stage.databaseUrl,
        KUBECONFIG: stage.kubeconfig,
        BERTH_NAMESPACE: stage.cluster.config.namespace,
        BERTH_INTERNAL_TOKEN: TOKEN,
        BERTH_WEBHOOK_TARGETS: 'anywhere',
        HOST: '127.0.0.1',
        PORT: String(port),
        METRICS_PORT: '0',
      },
    })
    const url = `http://127.0.0.1:${port}`
    await until('the gateway listens', START_TIMEOUT_MS, async () => (await fetch(`${url}/readyz`)).ok)
    return new Gateway(url, key, child)
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}

/** The seeded tenant's tier. */
async function raiseLimits({ operator }: Stage): Promise<void> {
  const { spec } = defaultTiers.find(({ metadata }) => metadata.name === 'pro')!
  await operator.query('INSERT INTO tier (name, spec) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [
    'pro',
    JSON.stringify({ ...spec, limits: { ...spec.limits, ...LIMITS } }),
  ])
}
