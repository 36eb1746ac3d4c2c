// One port for http and https: the first byte of a connection tells which it is.
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TlsIdentity } from './certificate.ts'

/** A TLS connection begins with a handshake record. */
const HANDSHAKE = 22
/** How long a connection may stay without a word. */
const SILENCE_MS = 30_000

/**
 * How long a connection is kept for the next request: as Fastify does, which leaves that to whoever makes the server. After
 * Node's own 5 s, a busy client asks on connections that are just being closed.
 */
const KEEP_ALIVE_MS = 72_000

/** To be listened with; its `closeAllConnections` ends the secure ones, too. */
export function createSharedServer(handle: RequestListener, { key, certificate }: TlsIdentity): Server {
  const options = { keepAliveTimeout: KEEP_ALIVE_MS }
  const plain = createServer(options, handle)
  const secure = createSecureServer({ ...options, key, cert: certificate }, handle)
  const takePlain = plain.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  /** Those that `plain` doesn't know of: they haven't said a word, or are secure. */
  const others = new Set<Socket>()
  plain.removeAllListeners('connection')
  plain.on('connection', (socket: Socket) => {
    const leave = () => socket.destroy()
    others.add(socket)
    socket.setTimeout(SILENCE_MS, leave)
    socket.once('error', leave)
    socket.once('close', () => others.delete(socket))
    socket.once('readable', () => {
      const first = socket.read(1) as Buffer | null
      if (!first) return leave()
      socket.setTimeout(0)
      socket.off('timeout', leave)
      socket.unshift(first)
      if (first[0] === HANDSHAKE) {
        secure.emit('connection', socket)
      } else {
        others.delete(socket)
        socket.off('error', leave)
        for (const take of takePlain) take.call(plain, socket)
      }
    })
  })
  const closePlain = plain.closeAllConnections.bind(plain)
  plain.closeAllConnections = () => {
    closePlain()
    for (const socket of others) socket.destroy()
  }
  return plain
}
