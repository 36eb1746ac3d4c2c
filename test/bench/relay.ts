/** A TCP relay before the simulator: holds back what comes from it, and lets it go all at once. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class Relay {
  readonly #server: Server
  /** Their simulator's ends. */
  readonly #upstream = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async before(target: { host: string; port: number }): Promise<Relay> {
    const server = createServer({ noDelay: true })
    const relay = new Relay(server)
    server.on('connection', (client) => relay.#join(client, connect({ ...target, noDelay: true })))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** From now on, clients hear nothing. What they say goes on. */
  hold(): void {
    for (const socket of this.#upstream) socket.pause()
  }

  release(): void {
    for (const socket of this.#upstream) socket.resume()
  }

  close(): void {
    for (const socket of this.#upstream) socket.destroy()
    this.#server.close()
  }

  #join(client: Socket, upstream: Socket): void {
    this.#upstream.add(upstream)
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => client.write(bytes))
    const end = () => {
      this.#upstream.delete(upstream)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('close', end).on('error', end)
  }
}
