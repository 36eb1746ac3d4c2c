/** The REST API as a customer's developer calls it: plain HTTP. */
export interface Reply<T = Record<string, unknown>> {
  status: number
  headers: Headers
  body: T
}

export interface ApiMessage {
  id: string
  chat: string
  direction: 'incoming' | 'outgoing'
  text: string
  status: string
}

export interface ApiSession {
  id: string
  state: string
  reason?: string
  phoneNumber?: string
}

export class Api {
  readonly #url: string
  readonly #key: string

  constructor(url: string, key: string) {
    this.#url = url
    this.#key = key
  }

  async request<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply<T>> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json')
    return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as T }
  }

  session = (name: string): Promise<Reply<ApiSession>> => this.request('GET', `/v1/sessions/${name}`)

  qr = (name: string): Promise<Reply<{ qr: string }>> =>
    this.request('GET', `/v1/sessions/${name}/qr`, undefined, { accept: 'application/json' })

  send = (name: string, to: string, text: string, headers: Record<string, string> = {}): Promise<Reply<ApiMessage>> =>
    this.request('POST', `/v1/sessions/${name}/messages`, { to, text }, headers)

  message = (name: string, id: string): Promise<Reply<ApiMessage>> =>
    this.request('GET', `/v1/sessions/${name}/messages/${id}`)

  messages = (name: string): Promise<Reply<{ data: ApiMessage[] }>> =>
    this.request('GET', `/v1/sessions/${name}/messages?limit=100`)
}
