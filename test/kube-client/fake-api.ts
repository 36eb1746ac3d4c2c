/** A Kubernetes API that does what a test tells it: answers by hand, cuts connections, says nonsense. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KubeConfig } from '@berth/core/kube/config.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'

export interface FakeRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: unknown
}

type Answer = (request: FakeRequest, response: ServerResponse) => void

/** An open watch, seen from the server. */
export class FakeWatch {
  readonly query: URLSearchParams
  /** Resolves when either side has ended the connection. */
  readonly closed: Promise<unknown>
  readonly #response: ServerResponse
  readonly #onSend: (version: number) => void

  constructor(request: FakeRequest, response: ServerResponse, onSend: (version: number) => void) {
    this.query = request.query
    this.#response = response
    this.#onSend = onSend
    this.closed = once(response, 'close')
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  }

  send(type: string, object: unknown): void {
    this.#onSend(Number((object as Partial<KubeObject>).metadata?.resourceVersion ?? 0))
    this.sendRaw(`${JSON.stringify({ type, object })}\n`)
  }

  sendRaw(text: string): void {
    this.#response.write(text)
  }

  /** The regular end. */
  end(): void {
    this.#response.end()
  }

  /** The end of the network. */
  cut(): void {
    this.#response.socket?.destroy()
  }
}

/** A list for the sake of its version. */
const isLook = ({ query }: FakeRequest): boolean => query.get('limit') === '1'

export class FakeApi {
  /** What lists answer. */
  items: KubeObject[] = []
  /** That of the lists; the server itself is at the highest that it has sent since this was set. */
  #version = '1'
  #sent = 0
  readonly requests: FakeRequest[] = []
  readonly #answers: Answer[] = []
  readonly #watches: FakeWatch[] = []
  readonly #watchers: ((watch: FakeWatch) => void)[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => void this.#take(request, response))
  }

  static async start(): Promise<FakeApi> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new FakeApi(server)
  }

  get version(): string {
    return this.#version
  }

  set version(version: string) {
    this.#version = version
    this.#sent = 0
  }

  get config(): KubeConfig {
    const { port } = this.#server.address() as AddressInfo
    return { server: `http://127.0.0.1:${port}`, namespace: 'default', source: 'a test' }
  }

  /** The next request that has no answer yet is answered like this; each answer serves once, in order. */
  answerNext(...answers: Answer[]): void {
    this.#answers.push(...answers)
  }

  /** The next watch that is opened, or that was opened and not asked for yet. */
  nextWatch(): Promise<FakeWatch> {
    const open = this.#watches.shift()
    return open ? Promise.resolve(open) : new Promise((resolve) => this.#watchers.push(resolve))
  }

  /** Without looks at the version alone. */
  get lists(): number {
    return this.requests.filter(
      (request) => request.method === 'GET' && !request.query.has('watch') && !isLook(request),
    ).length
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #take(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(message.url ?? '/', 'http://fake')
    const text = Buffer.concat(await Array.fromAsync(message)).toString()
    const request: FakeRequest = {
      method: message.method ?? '',
      path: pathname,
      query: searchParams,
      headers: message.headers,
      body: text ? JSON.parse(text) : undefined,
    }
    this.requests.push(request)
    if (isLook(request)) {
      const resourceVersion = String(Math.max(Number(this.version), this.#sent))
      json(200, { metadata: { resourceVersion }, items: [] })(request, response)
      return
    }
    const answer = this.#answers.shift()
    const onSend = (version: number) => {
      this.#sent = Math.max(this.#sent, version)
    }
    if (answer) answer(request, response)
    else if (request.query.has('watch')) this.#watchOpened(new FakeWatch(request, response, onSend))
    else json(200, { metadata: { resourceVersion: this.version }, items: this.items })(request, response)
  }

  #watchOpened(watch: FakeWatch): void {
    const watcher = this.#watchers.shift()
    if (watcher) watcher(watch)
    else this.#watches.push(watch)
  }
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }

/** An error as Kubernetes writes it. */
export const failure = (status: number, reason: string, message: string, headers?: Record<string, string>): Answer =>
  json(status, { kind: 'Status', status: 'Failure', code: status, reason, message }, headers)

/** The connection ends without an answer. */
export const hangUp: Answer = (_, response) => response.socket?.destroy()

/** No answer, for ever. */
export const silence: Answer = () => {}
