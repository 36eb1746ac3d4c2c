/**
 * The operator's line to the Kubernetes API: plain HTTP on its side, so that watches can be told from other requests and
 * come late, as from an API server that is behind.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface ApiServer {
  url: string
  /** PEM. */
  ca: string
}

export class KubernetesLine {
  readonly #server: Server
  readonly #target: ApiServer
  #lateMs = 0
  #mended: PromiseWithResolvers<void> | undefined

  private constructor(server: Server, target: ApiServer) {
    this.#server = server
    this.#target = target
  }

  static async to(target: ApiServer): Promise<KubernetesLine> {
    const server = createServer()
    const line = new KubernetesLine(server, target)
    server.on('request', (asked: IncomingMessage, answer: ServerResponse) => {
      line.#forward(asked, answer).catch(() => answer.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return line
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Nothing is answered any more, and no watch tells anything, until the line is mended. */
  hang(): void {
    this.#mended ??= Promise.withResolvers()
  }

  /** All that watches tell comes so much later. */
  delayWatches(ms: number): void {
    this.#lateMs = ms
  }

  mend(): void {
    this.#lateMs = 0
    this.#mended?.resolve()
    this.#mended = undefined
  }

  async #forward(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    await this.#mended?.promise
    const url = new URL(asked.url!, this.#target.url)
    const isWatch = url.searchParams.has('watch')
    const onward = request(url, { method: asked.method, headers: asked.headers, ca: this.#target.ca })
    // Whoever gives up takes the other side along.
    answer.on('close', () => onward.destroy())
    asked.pipe(onward)
    const [reply] = (await once(onward, 'response')) as [IncomingMessage]
    await this.#mended?.promise
    answer.writeHead(reply.statusCode!, reply.headers)
    answer.flushHeaders()
    for await (const { bytes, at } of stamped(reply)) {
      if (isWatch) await delay(Math.max(0, at + this.#lateMs - performance.now()))
      await this.#mended?.promise
      answer.write(bytes)
    }
    answer.end()
  }
}

/** What is read, with when it came: what waits does not hold up the next. */
async function* stamped(reply: IncomingMessage): AsyncGenerator<{ bytes: Buffer; at: number }> {
  const waiting: { bytes: Buffer; at: number }[] = []
  let next = Promise.withResolvers<void>()
  reply.on('data', (bytes: Buffer) => {
    waiting.push({ bytes, at: performance.now() })
    next.resolve()
  })
  let isOver = false
  reply.on('close', () => {
    isOver = true
    next.resolve()
  })
  while (true) {
    while (waiting.length > 0) yield waiting.shift()!
    if (isOver) {
      if (!reply.complete) throw new Error('The API server ended the answer.')
      return
    }
    await next.promise
    next = Promise.withResolvers()
  }
}
