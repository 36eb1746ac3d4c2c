/** A TCP line whose middle a harness can break as networks break: silently, or with every connection refused. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { holdsPort } from './sockets.ts'

interface Connection {
  near: Socket
  far: Socket
}

export class TcpLine {
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  /** Whose connections hang; 'all' of them, or those of one process. */
  #hanging: 'all' | number | undefined
  #refusing = false

  private constructor(server: Server) {
    this.#server = server
  }

  static async to(target: { host: string; port: number }): Promise<TcpLine> {
    const server = createServer({ noDelay: true })
    const line = new TcpLine(server)
    server.on('connection', (near) => line.#join(near, target))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return line
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections stay open, and nothing comes through either way until the line is mended; then what was said does. */
  hang(whose: 'all' | number): void {
    this.#hanging = whose
    for (const connection of this.#connections) this.#hold(connection)
  }

  /** All connections end, and each new one at once. */
  refuse(): void {
    this.#refusing = true
    for (const { near } of this.#connections) near.destroy()
  }

  mend(): void {
    this.#hanging = undefined
    this.#refusing = false
    for (const { near, far } of this.#connections) {
      near.resume()
      far.resume()
    }
  }

  #join(near: Socket, target: { host: string; port: number }): void {
    near.on('error', () => {}) // 'close' follows
    if (this.#refusing) {
      near.destroy()
      return
    }
    const connection = { near, far: connect({ ...target, noDelay: true }) }
    const { far } = connection
    this.#connections.add(connection)
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => near.write(bytes))
    far.on('error', () => {})
    // The end of one side is the end of the other.
    for (const socket of [near, far]) {
      socket.on('close', () => {
        this.#connections.delete(connection)
        near.destroy()
        far.destroy()
      })
    }
    this.#hold(connection)
  }

  #hold({ near, far }: Connection): void {
    if (this.#hanging === undefined) return
    if (this.#hanging !== 'all' && !holdsPort(this.#hanging, near.remotePort!)) return
    near.pause()
    far.pause()
  }
}
