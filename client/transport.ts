/** How a call is made: the key, the time limit, the retries, and what an answer becomes. */
import type { Problem } from './generated.ts'
import { BerthProblem, NoAnswer } from './problem.ts'
import { pauseBefore } from './retry.ts'
import { type ServerEvent, serverEvents } from './server-events.ts'

export interface ClientOptions {
  /** Where Berth is, for example https://berth.example.com */
  url: string
  /** wak_live_… */
  apiKey?: string
  /** How many more times a call is tried when that is safe; 4. */
  retries?: number
  /** For one try; 40 000, which is longer than Berth waits for anything. */
  timeoutMs?: number
  /** In place of the global one. */
  fetch?: typeof fetch
}

/** What can be said about each call. */
export interface CallOptions {
  signal?: AbortSignal
  /** Stands in the answer, in problems and in the platform's logs; without it the platform makes one. */
  requestId?: string
}

type Values = Record<string, string | number | undefined>

export interface Call {
  method: string
  /** With its parameters in it. */
  path: string
  query?: Values
  headers?: Values
  body?: unknown
  /** What answers are wanted in; application/json. */
  accept?: string
  /** May be carried out twice without harm; reads, PUT and DELETE may. */
  repeatable?: boolean
  options?: CallOptions
}

const RETRIES = 4
const TIMEOUT_MS = 40_000
const REPEATABLE = new Set(['GET', 'HEAD', 'PUT', 'DELETE'])

/** A value as a part of a path. */
export const segment = (value: string): string => encodeURIComponent(value)

export class Transport {
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') }
  }

  /** Makes a call and reads the answer: JSON, or text where something else was asked for. Throws BerthProblem, or NoAnswer. */
  async call<T>(call: Call): Promise<T> {
    const wantsText = call.accept !== undefined && !call.accept.includes('json')
    return this.#retried(call, async (response) => {
      const text = await response.text()
      if (wantsText) return text as T
      return (text ? JSON.parse(text) : undefined) as T
    })
  }

  /** Makes a call that is answered with a file: the answer, of which only the headers have come. */
  async file(call: Call): Promise<Response> {
    return this.#retried({ ...call, accept: '*/*' }, async (response) => response)
  }

  /** Makes a call that is answered with server-sent events; they end when the server or the signal ends them. */
  async *events(call: Call): AsyncGenerator<ServerEvent, void> {
    const { body } = await this.#retried({ ...call, accept: 'text/event-stream' }, async (response) => response)
    if (body) yield* serverEvents(body)
  }

  async #retried<T>(call: Call, read: (response: Response) => Promise<T>): Promise<T> {
    const { retries = RETRIES } = this.#options
    const repeatable = call.repeatable ?? REPEATABLE.has(call.method)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#try(call, read)
      } catch (error) {
        if (!(error instanceof BerthProblem || error instanceof NoAnswer) || tries > retries) throw error
        const retryAfter = error instanceof BerthProblem ? error.retryAfter : undefined
        const pause = pauseBefore({ repeatable, status: error.status, retryAfter, tries }, Math.random())
        if (pause === undefined) throw error
        await sleep(pause, call.options?.signal)
      }
    }
  }

  async #try<T>(call: Call, read: (response: Response) => Promise<T>): Promise<T> {
    const { fetch: ask = fetch, timeoutMs = TIMEOUT_MS } = this.#options
    const stop = call.options?.signal
    // A stream may last; what must come in time is its beginning.
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(new Error(`No answer within ${timeoutMs} ms`)), timeoutMs)
    const signal = stop ? AbortSignal.any([stop, timeout.signal]) : timeout.signal
    try {
      const response = await ask(this.#urlOf(call), {
        method: call.method,
        headers: this.#headersOf(call),
        ...(call.body !== undefined && { body: isFile(call.body) ? call.body : JSON.stringify(call.body) }),
        signal,
      })
      if (!response.ok) throw await refusalOf(response)
      return await read(response)
    } catch (error) {
      if (stop?.aborted) throw stop.reason
      if (error instanceof BerthProblem || error instanceof NoAnswer) throw error
      throw new NoAnswer(`${call.method} ${call.path}: ${error}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  #urlOf({ path, query = {} }: Call): string {
    const search = new URLSearchParams(given(query)).toString()
    return this.#options.url + path + (search && `?${search}`)
  }

  #headersOf({ headers = {}, body, accept = 'application/json', options }: Call): Headers {
    const { apiKey } = this.#options
    const all: Values = {
      accept,
      authorization: apiKey && `Bearer ${apiKey}`,
      'content-type': contentTypeOf(body),
      'x-request-id': options?.requestId,
      ...headers,
    }
    return new Headers(given(all))
  }
}

const isFile = (body: unknown): body is Blob | Uint8Array<ArrayBuffer> =>
  body instanceof Blob || body instanceof Uint8Array

const contentTypeOf = (body: unknown): string | undefined => {
  if (body === undefined) return undefined
  if (!isFile(body)) return 'application/json'
  return (body instanceof Blob && body.type) || 'application/octet-stream'
}

/** The values that there are. */
const given = (values: Values): [string, string][] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))

/** The problem of an answer; something between Berth and us may have answered in its place. */
async function refusalOf(response: Response): Promise<BerthProblem | NoAnswer> {
  const { status, headers } = response
  const text = await response.text()
  if (!headers.get('content-type')?.startsWith('application/problem+json')) {
    return new NoAnswer(`Something other than Berth answered ${status}: ${text.slice(0, 200)}`, { status })
  }
  const retryAfter = headers.get('retry-after')
  return new BerthProblem(JSON.parse(text) as Problem, retryAfter === null ? undefined : Number(retryAfter))
}

const sleep = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
