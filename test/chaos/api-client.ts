/** One customer's program that calls the REST API. Knows nothing but what a customer knows. */
import type { Listed } from './records.ts'

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it came; the harness reads single fields of it
  body: any
}

const TIMEOUT_MS = 15_000
const PAGE = 100

export class ApiClient {
  readonly #url: string
  readonly #key: string

  constructor(url: string, key: string) {
    this.#url = url
    this.#key = key
  }

  /** Throws when no answer came: then nobody knows whether it was done. */
  async request(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json', ...headers },
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return { status: response.status, body: await response.json() }
  }

  /** @param contact a phone number without its +, or a group's id */
  send(session: string, contact: string, text: string, idempotencyKey: string): Promise<Answer> {
    const headers = { 'idempotency-key': idempotencyKey }
    const to = contact.includes('@') ? contact : `+${contact}`
    return this.request('POST', `/v1/sessions/${session}/messages`, { to, text }, headers)
  }

  /** All incoming messages of a session, page by page. */
  async incoming(session: string): Promise<Omit<Listed, 'account'>[]> {
    const found: Omit<Listed, 'account'>[] = []
    let cursor = ''
    do {
      const query = new URLSearchParams({ direction: 'incoming', limit: String(PAGE), ...(cursor && { cursor }) })
      const { status, body } = await this.request('GET', `/v1/sessions/${session}/messages?${query}`)
      if (status !== 200) throw new Error(`Listing ${session} was answered ${status}: ${JSON.stringify(body)}`)
      for (const { id, text } of body.data) found.push({ id, text })
      cursor = body.nextCursor
    } while (cursor)
    return found
  }
}
