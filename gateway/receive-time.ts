/** How long a request's body may take to come: files longer than the rest, which is small. */
import type { App } from './context.ts'

const BODY_MS = 30_000
/** A file of the largest tier at 1 MB a second. */
export const FILE_MS = 600_000

/** Hangs up on who is too slow. */
export function limitReceiving(app: App): void {
  app.addHook('onRequest', async (request, reply) => {
    const { headers, raw, routeOptions } = request
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return
    const timer = setTimeout(() => raw.destroy(), routeOptions.config.receiveMs ?? BODY_MS)
    const done = () => clearTimeout(timer)
    raw.once('end', done).once('close', done)
    reply.raw.once('close', done)
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Longest time until the body is there. */
    receiveMs?: number
  }
}
