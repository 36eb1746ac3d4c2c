// GET /v1/events: what changes, as server-sent events, for as long as the caller stays.
import type { FastifyInstance } from 'fastify'
import type { Network, NetworkEvent } from '../whatsapp/network.ts'

/** A comment now and then, so that both ends notice when the other is gone. */
const HEARTBEAT_MS = 15_000
/** A reader that is this far behind is cut off; it reads everything anew when it comes back. Bytes. */
const MAXIMUM_BACKLOG = 1 << 20

export function registerEventStream(app: FastifyInstance, network: Network): void {
  const close = new Set<() => void>()
  app.addHook('preClose', async () => {
    for (const end of close) end()
  })
  app.get('/v1/events', (request, reply) => {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    raw.write(': connected\n\n')
    const send = (event: NetworkEvent) => {
      if (raw.writableLength > MAXIMUM_BACKLOG) raw.destroy()
      else raw.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    }
    const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS)
    const end = () => raw.end()
    network.events.on('event', send)
    close.add(end)
    request.raw.socket.once('close', () => {
      clearInterval(heartbeat)
      network.events.off('event', send)
      close.delete(end)
    })
  })
}
