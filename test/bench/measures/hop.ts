/** What the gateway adds to a read: the same question asked of the worker itself and through the gateway. */
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { addApiKey } from '@berth/core/postgres/api-keys.ts'
import { freePort } from '@berth/local/ports.ts'
import { type Spread, spread } from '../../chaos/figures.ts'
import { until } from '../../chaos/until.ts'
import { Child } from '../child.ts'
import { WorkerSide } from '../sides/worker.ts'
import { type Stage, TOKEN } from '../stage.ts'

export interface Hop {
  way: string
  perSecond: number
  /** Milliseconds, from the time that the request was due. */
  latency: Spread
}

const MAIN = fileURLToPath(import.meta.resolve('@berth/gateway/main.ts'))
const SESSION = 'unlinked'
const START_TIMEOUT_MS = 30_000

export async function hop(stage: Stage, rate: { perSecond: number; seconds: number }): Promise<Hop[]> {
  await raiseLimits(stage)
  const worker = await WorkerSide.start(stage)
  const sessionId = await worker.place(SESSION)
  await worker.qr(sessionId)
  const { key } = await addApiKey(stage.operator, worker.tenantId, 'bench')
  const { gateway, url } = await startGateway(stage)
  const asTenant = { authorization: `Bearer ${key}`, accept: 'application/json' }
  const ways = [
    { way: 'worker: its code to scan', url: `${worker.address}/sessions/${sessionId}/qr`, token: TOKEN },
    { way: 'gateway: the same, proxied', url: `${url}/v1/sessions/${SESSION}/qr`, token: key },
    { way: 'gateway: a session, from Postgres', url: `${url}/v1/sessions/${SESSION}`, token: key },
  ]
  const measured: Hop[] = []
  for (const { way, url: target, token } of ways) {
    const ask = async () => {
      const response = await fetch(target, { headers: { ...asTenant, authorization: `Bearer ${token}` } })
      if (response.status !== 200) throw new Error(`${way}: ${response.status} ${await response.text()}`)
      await response.arrayBuffer()
    }
    for (let i = 0; i < 2 * rate.perSecond; i++) await ask() // so that code and connections are warm
    measured.push({ way, perSecond: rate.perSecond, latency: await openLoop(rate, ask) })
  }
  await gateway.stop()
  await worker.stop()
  return measured
}

/** Asks at fixed times, whether or not earlier answers have come: a slow answer can't hide those behind it. */
async function openLoop(rate: { perSecond: number; seconds: number }, ask: () => Promise<void>): Promise<Spread> {
  const startedAt = performance.now()
  const asked = Array.from({ length: rate.perSecond * rate.seconds }, async (_, i) => {
    const dueAt = startedAt + (i * 1000) / rate.perSecond
    await delay(Math.max(0, dueAt - performance.now()))
    await ask()
    return performance.now() - dueAt
  })
  return spread(await Promise.all(asked))!
}

/** The seeded tenant's tier, without a limit that the bench could meet. */
async function raiseLimits({ operator }: Stage): Promise<void> {
  const { spec } = defaultTiers.find(({ metadata }) => metadata.name === 'pro')!
  const limits = { ...spec.limits, requestsPerMinute: 1_000_000 }
  await operator.query('INSERT INTO tier (name, spec) VALUES ($1, $2)', ['pro', JSON.stringify({ ...spec, limits })])
}

async function startGateway(stage: Stage): Promise<{ gateway: Child; url: string }> {
  const port = await freePort()
  const gateway = new Child(MAIN, {
    env: {
      DATABASE_URL: stage.databaseUrl,
      KUBECONFIG: stage.kubeconfig,
      BERTH_NAMESPACE: stage.cluster.config.namespace,
      BERTH_INTERNAL_TOKEN: TOKEN,
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: '0',
    },
  })
  const url = `http://127.0.0.1:${port}`
  await until('the gateway listens', START_TIMEOUT_MS, async () => (await fetch(`${url}/readyz`)).ok)
  return { gateway, url }
}
