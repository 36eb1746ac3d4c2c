// Starts the simulator: one port with the WhatsApp WebSocket, the control API, the event stream and the page.
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'
import { registerAnswers } from './api/answers.ts'
import { registerDisturbanceRoutes } from './api/disturbance-routes.ts'
import { registerEventStream } from './api/event-stream.ts'
import { registerLoadRoutes } from './api/load-routes.ts'
import { registerMessageRoutes } from './api/message-routes.ts'
import { registerNoticeRoutes } from './api/notice-routes.ts'
import { registerPage } from './api/page.ts'
import { registerPresenceRoutes } from './api/presence-routes.ts'
import { registerProfileRoutes } from './api/profile-routes.ts'
import { registerRoutes } from './api/routes.ts'
import { loadTlsIdentity } from './media/certificate.ts'
import { registerMediaHost } from './media/routes.ts'
import { createSharedServer } from './media/shared-port.ts'
import type { Fault } from './state/faults.ts'
import { openState } from './state/state.ts'
import { loadAuthority } from './whatsapp/certificate.ts'
import { Connection } from './whatsapp/connection.ts'
import { Network, type NetworkEvent } from './whatsapp/network.ts'
import { correctLibsignal } from './whatsapp/signal/correction.ts'
import { silenceLibsignal } from './whatsapp/signal/silence.ts'

const WEBSOCKET_PATH = '/ws/chat'
/** A stanza is far smaller; anything bigger is not for us. */
const MAXIMUM_PAYLOAD = 1 << 20

export interface SimulatorOptions {
  /** Holds everything that survives a restart. Created when missing. */
  dataDir: string
  /** 0, the default, takes a free one. */
  port?: number
  /** Loopback by default: the control API has no passwords. */
  host?: string
  /** Ids and other chance repeat with it, in the same run of the same history; keys never do. */
  seed?: string | undefined
  /** The time, Unix milliseconds. */
  now?: () => number
  /** Private, 32 bytes: the root that clients trust, where they must know it before the start (one of its own is kept else). */
  rootKey?: Buffer | undefined
  /** Whether faults are noted; yes by default. */
  strict?: boolean
  /** Told of each fault once it's stored. */
  onFault?: (fault: Fault) => void
}

export interface Simulator {
  /** Of the control API and the page, without a slash at the end. */
  url: string
  port: number
  /** Where clients connect: Baileys' `waWebSocketUrl`. */
  websocketUrl: string
  /** What clients must trust: Baileys' `WA_CERT_DETAILS`. */
  rootPublicKey: Buffer
  rootSerial: number
  /** Cuts all connections, stores what's open, and lets go of the port and the file. */
  close: () => Promise<void>
}

/** @throws when the port is taken, or the data is another version's */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { dataDir, port = 0, host = '127.0.0.1', seed, now = Date.now, rootKey, strict = true, onFault } = options
  silenceLibsignal()
  correctLibsignal()
  const state = openState(dataDir, now, seed)
  const network = new Network(state, loadAuthority(state.database, rootKey), { strict })
  if (onFault) {
    network.events.on('event', (event: NetworkEvent) => {
      if (event.type === 'fault') onFault(event.fault)
    })
  }

  const identity = loadTlsIdentity(state.database, host)
  const serverFactory = (handle: RequestListener) => createSharedServer(handle, identity)
  const app = Fastify({ forceCloseConnections: true, serverFactory })
  const websockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAXIMUM_PAYLOAD })
  const websocketUrl = () => `${network.url.replace('http', 'ws')}${WEBSOCKET_PATH}`
  registerAnswers(app, network)
  registerRoutes(app, network, websocketUrl)
  registerMessageRoutes(app, network)
  registerNoticeRoutes(app, network)
  registerPresenceRoutes(app, network)
  registerProfileRoutes(app, network)
  registerDisturbanceRoutes(app, network)
  registerLoadRoutes(app, network)
  registerEventStream(app, network)
  registerMediaHost(app, network)
  registerPage(app)
  app.server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?')[0] !== WEBSOCKET_PATH) return socket.destroy()
    websockets.handleUpgrade(request, socket, head, (websocket) => {
      new Connection(network, websocket, request.socket.remotePort ?? 0)
    })
  })

  try {
    await app.listen({ port, host })
  } catch (error) {
    state.database.close()
    throw error
  }
  const address = app.server.address() as AddressInfo
  const reachable = `${host.includes(':') ? `[${host}]` : host}:${address.port}`
  network.url = `http://${reachable}`
  Object.assign(network.media, { address: reachable, certificate: identity.certificate })

  const close = async () => {
    const left = [...network.connections].map((connection) => connection.closed)
    for (const connection of network.connections) connection.drop('simulator stopped')
    await Promise.all(left)
    await network.settled()
    await app.close()
    state.database.close()
  }
  const { rootPublic: rootPublicKey, rootSerial } = network.authority
  return { url: network.url, port: address.port, websocketUrl: websocketUrl(), rootPublicKey, rootSerial, close }
}
