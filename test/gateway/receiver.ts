/** A customer's server for webhooks, which answers as a test wants, well or badly. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  headers: IncomingHttpHeaders
  path: string
  body: string
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever JSON came
  event: any
}

/** What it does with a request, once all of it has come. */
export type Behaviour = (received: Received, response: ServerResponse) => void

export const answer =
  (status: number, headers: Record<string, string> = {}, text = ''): Behaviour =>
  (_received, response) => {
    response.writeHead(status, headers)
    response.end(text)
  }

export class Receiver {
  readonly received: Received[] = []
  behaviour: Behaviour = answer(200)
  readonly #server = createServer((request, response) => void this.#take(request, response))

  static async start(behaviour?: Behaviour): Promise<Receiver> {
    const receiver = new Receiver()
    if (behaviour) receiver.behaviour = behaviour
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    try {
      for await (const chunk of request.setEncoding('utf8')) body += chunk
    } catch {
      return // whoever sent it is gone
    }
    const received = { headers: request.headers, path: request.url!, body, event: JSON.parse(body) }
    this.received.push(received)
    this.behaviour(received, response)
  }
}
