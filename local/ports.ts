/** Free TCP ports of 127.0.0.1. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** Below those that systems give to outgoing connections and to who asks for any: nobody takes one of these by accident. */
const OURS = { from: 20_000, count: 10_000 }
const TRIES = 20

/** A port that nobody uses now. Before you listen on it somebody else may. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = await tryPort(OURS.from + randomInt(OURS.count))
    if (port) return port
  }
  return (await tryPort(0))!
}

/** The wanted port or, when it is taken, the next free one. */
export async function freePortFrom(wanted: number): Promise<number> {
  for (let port = wanted; port < Math.min(wanted + 100, 65_536); port++) {
    if (await tryPort(port)) return port
  }
  return freePort()
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const { port: got } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return got
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' || code === 'EACCES') return undefined
    throw error
  }
}
