/** A gateway for tests of workers: calls go through the whole API. */
import type { AddressInfo } from 'node:net'
import { createApiKey } from '@berth/core/crypto/api-key.ts'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { buildApp } from '@berth/gateway/app.ts'
import type { PlatformApp } from '@berth/gateway/config.ts'
import { createContext } from '@berth/gateway/services.ts'
import { TOKEN, type World } from './world.ts'

export type WorldGateway = Awaited<ReturnType<typeof startGateway>>

/** The real gateway over a world's database, with a key of its tenant. Its routes to workers are the real ones, too. */
export async function startGateway(of: World, platformApp: PlatformApp) {
  const pool = openPool({ url: of.databaseUrl, role: 'berth_gateway', application: 'test-gateway', max: 4 })
  const kube = new KubeClient({ server: 'http://127.0.0.1:9', namespace: 'nowhere', source: 'test' })
  const log = createLogger('gateway')
  log.level = process.env.LOG_LEVEL ?? 'silent'
  const context = createContext({
    pool,
    kube,
    namespace: 'nowhere',
    internalToken: TOKEN,
    log,
    store: of.media,
    channelKeys: KeyRing.parse(of.channelKeys),
    platformApp,
    graphUrl: of.graphUrl,
  })
  const app = await buildApp(context)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const { key, hash, hint } = createApiKey()
  await of.sql(`INSERT INTO api_key (tenant_id, name, hash, hint) SELECT id, 'test', $1, $2 FROM tenant`, hash, hint)
  return {
    url,
    /** All statuses that customers were told of a message, in their order. */
    async statusesTold(messageId: string): Promise<string[]> {
      const told: string[] = []
      for (let cursor = ''; ; ) {
        const { body } = await this.call(`GET /v1/events?limit=100${cursor}`)
        for (const { type, data } of body.data) {
          if (type === 'message.status' && data.messageId === messageId) told.push(data.status)
        }
        if (!body.nextCursor) return told
        cursor = `&cursor=${body.nextCursor}`
      }
    },
    async call(request: string, body?: unknown) {
      const [method, path] = request.split(' ')
      const response = await fetch(`${url}${path!.startsWith('/v1') ? path : `/v1/sessions/support${path}`}`, {
        method: method!,
        headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      // biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever JSON came
      return { status: response.status, body: (text ? JSON.parse(text) : undefined) as any }
    },
    async close() {
      await app.close()
      await context.workers.close()
      await Promise.all([kube.close(), pool.end()])
    },
  }
}
