/** The operator's probes and metrics. */
import { createServer, type Server } from 'node:http'
import { metrics } from '@berth/core/telemetry/metrics.ts'

/** GET /healthz · /readyz · /metrics. Resolves when it listens. */
export async function serve(options: { host: string; port: number; isReady: () => boolean }): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://operator')
    if (request.method !== 'GET') response.writeHead(405).end()
    else if (pathname === '/healthz') response.end('ok\n')
    else if (pathname === '/readyz') response.writeHead(options.isReady() ? 200 : 503).end()
    else if (pathname === '/metrics') {
      response.setHeader('content-type', metrics.contentType)
      response.end(await metrics.metrics())
    } else response.writeHead(404).end()
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(options.port, options.host, resolve)
  await promise
  return server
}
