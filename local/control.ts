/**
 * What can be asked of a running Berth from beside it, by whoever may read its folder: where everything is, and to have its
 * Postgres stopped for a moment (the demo does). A server on 127.0.0.1 for that; its address and a token are in
 * run/running.json. The asking side is running.ts.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Berth } from './berth.ts'
import type { PostgresService } from './postgres/service.ts'

/** Where to ask, and with what. */
export interface ControlAddress {
  url: string
  token: string
}

/** Where everything is. */
export type Whereabouts = Pick<Berth, 'gatewayUrl' | 'simulatorUrl' | 'kubeconfig' | 'databaseUrl' | 'dataDir'> & {
  /** By the name of the process. */
  pids: Record<string, number>
  /** It is the embedded one, which can be paused. */
  hasPostgres: boolean
}

export interface ControlServer extends ControlAddress {
  close(): void
}

/** @param postgres the embedded one, if there is one */
export async function startControl(berth: Berth, postgres?: PostgresService): Promise<ControlServer> {
  const token = randomBytes(24).toString('base64url')
  const where = (): Whereabouts => {
    const { gatewayUrl, simulatorUrl, kubeconfig, databaseUrl, dataDir } = berth
    const addresses = { gatewayUrl, kubeconfig, databaseUrl, dataDir, ...(simulatorUrl && { simulatorUrl }) }
    return { ...addresses, pids: berth.pids(), hasPostgres: postgres !== undefined }
  }
  const routes: Record<string, () => Promise<unknown>> = {
    'GET /': async () => where(),
    ...(postgres && {
      'POST /postgres/pause': () => postgres.pause(),
      'POST /postgres/resume': () => postgres.resume(),
    }),
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const route = routes[`${request.method} ${request.url}`]
    if (!isRight(request.headers.authorization, `Bearer ${token}`)) response.writeHead(401).end()
    else if (!route) response.writeHead(404).end()
    else response.setHeader('content-type', 'application/json').end(JSON.stringify((await route()) ?? {}))
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function isRight(given = '', wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
