/**
 * What a cloud puts in front of a NodePort: one address on this machine, whose connections go to the nodes in turn. A node
 * whose kube-proxy does not answer is left out, and the connections through it are cut.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { answers } from '@berth/local/process/answers.ts'

const CHECK_EVERY_MS = 1_000
/** Where kube-proxy says whether it works. */
const HEALTH_PORT = 10256

export class LoadBalancer {
  readonly #server: Server
  readonly #nodes: { address: string; isUp: boolean; sockets: Set<Socket> }[]
  readonly #isHealthy: (address: string) => Promise<boolean>
  readonly #timer: NodeJS.Timeout
  #port = 0
  #next = 0

  private constructor(addresses: string[], isHealthy: (address: string) => Promise<boolean>) {
    this.#nodes = addresses.map((address) => ({ address, isUp: true, sockets: new Set() }))
    this.#isHealthy = isHealthy
    this.#server = createServer((client) => this.#forward(client))
    this.#timer = setInterval(() => void this.#check(), CHECK_EVERY_MS)
    this.#timer.unref()
  }

  static async start(nodeAddresses: string[], isHealthy = kubeProxyAnswers): Promise<LoadBalancer> {
    const balancer = new LoadBalancer(nodeAddresses, isHealthy)
    balancer.#server.listen(0, '127.0.0.1')
    await once(balancer.#server, 'listening')
    return balancer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The port of the nodes; before it is known, connections are cut. */
  set nodePort(port: number) {
    this.#port = port
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const { sockets } of this.#nodes) for (const socket of sockets) socket.destroy()
    await closed
  }

  #forward(client: Socket): void {
    const up = this.#nodes.filter(({ isUp }) => isUp)
    const node = up[this.#next++ % up.length]
    if (!node || this.#port === 0) {
      client.destroy()
      return
    }
    const server = connect(this.#port, node.address)
    const both = [client, server]
    for (const socket of both) {
      node.sockets.add(socket)
      socket.on('error', () => {}) // followed by 'close'
      socket.once('close', () => {
        node.sockets.delete(socket)
        for (const other of both) other.destroy()
      })
    }
    client.pipe(server).pipe(client)
  }

  async #check(): Promise<void> {
    await Promise.all(
      this.#nodes.map(async (node) => {
        node.isUp = await this.#isHealthy(node.address)
        if (!node.isUp) for (const socket of node.sockets) socket.destroy()
      }),
    )
  }
}

const kubeProxyAnswers = (address: string): Promise<boolean> => answers(`http://${address}:${HEALTH_PORT}/healthz`)
