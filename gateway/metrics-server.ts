/** The gateway's metrics, on a port of their own: what they tell is nobody's business outside of the installation. */
import { createServer, type Server } from 'node:http'
import { metrics } from '@berth/core/telemetry/metrics.ts'

/** GET /metrics. Resolves when it listens. */
export async function serveMetrics({ host, port }: { host: string; port: number }): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    response.setHeader('content-type', metrics.contentType)
    response.end(await metrics.metrics())
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, host, resolve)
  await promise
  return server
}
