/** HTTP to the Kubernetes API: connections, credentials, rate limit, time-outs and safe retries. Knows no kinds. */
import { Agent, type Dispatcher } from 'undici'
import { backoffMs } from './backoff.ts'
import type { KubeConfig } from './config.ts'
import { Credentials } from './credentials.ts'
import { isUnreachable, KubeError } from './error.ts'
import { sleep } from './sleep.ts'
import { TokenBucket } from './token-bucket.ts'
import { WatchFormatError } from './watch-lines.ts'

const CONNECT_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 30_000
const MAX_CONNECTIONS = 32
const MAX_ANSWER_BYTES = 256 * 1024 * 1024
const MAX_READ_ATTEMPTS = 4
const READ_BACKOFF = { baseMs: 100, maxMs: 2_000 }
/** A server that asks for a longer wait gets its error passed on: the caller has better things to do. */
const MAX_RETRY_AFTER_MS = 10_000

export interface TransportOptions {
  userAgent: string
  /** Requests per second in the long run, and at once. */
  qps: number
  burst: number
}

export type Query = Record<string, string | number | boolean | undefined>

export interface RequestOptions {
  query?: Query
  /** Sent as JSON. */
  body?: unknown
  contentType?: string
  /** In which form the answer should come; JSON by default. */
  accept?: string
  signal?: AbortSignal
  /** Of one attempt; 30 s by default. */
  timeoutMs?: number
  /**
   * Goes past the rate limit and the connection limit, and is tried only once: for lease renewals, which must neither
   * queue behind other work nor come late.
   */
  urgent?: boolean
}

export type StreamOptions = Pick<RequestOptions, 'query' | 'accept'> & { signal: AbortSignal }

/** How a client reaches its server. */
export type Wire = Pick<Transport, 'request' | 'stream' | 'streamError' | 'close'>

export class Transport {
  readonly #server: string
  readonly #origin: string
  readonly #pathPrefix: string
  readonly #userAgent: string
  readonly #credentials: Credentials
  readonly #bucket: TokenBucket
  readonly #pool: Agent
  /** Without a limit on connections: for watches, each of which keeps one, and for urgent requests. */
  readonly #unlimited: Agent

  constructor(config: KubeConfig, options: TransportOptions) {
    const url = new URL(config.server)
    this.#server = config.server
    this.#origin = url.origin
    this.#pathPrefix = url.pathname.replace(/\/$/, '')
    this.#userAgent = options.userAgent
    this.#credentials = new Credentials(config)
    this.#bucket = new TokenBucket(options.qps, options.burst)
    const common: Agent.Options = {
      // undici 8 speaks HTTP/2 where it can: one connection for all, so that one cut would end every watch at once.
      allowH2: false,
      keepAliveTimeout: 30_000,
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        ca: config.ca,
        cert: config.clientCertificate,
        key: config.clientKey,
        rejectUnauthorized: !config.insecureSkipTlsVerify,
        ...(config.tlsServerName ? { servername: config.tlsServerName } : {}),
      },
    }
    this.#pool = new Agent({ ...common, connections: MAX_CONNECTIONS, maxResponseSize: MAX_ANSWER_BYTES })
    this.#unlimited = new Agent(common)
  }

  /** Sends a request and returns the parsed answer. Reads are repeated on a lost connection and on 429. */
  async request<T>(method: Dispatcher.HttpMethod, path: string, options: RequestOptions = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt<T>(method, path, options)
      } catch (error) {
        const again = method === 'GET' && !options.urgent && attempt < MAX_READ_ATTEMPTS
        if (!again || !mayRepeat(error)) throw error
        const wait = Math.max(backoffMs(attempt, READ_BACKOFF), error.retryAfterMs ?? 0)
        await sleep(wait, options.signal)
      }
    }
  }

  /** Opens an answer without an end. The caller reads its body, and ends it through the signal. */
  async stream(path: string, options: StreamOptions): Promise<AsyncIterable<Uint8Array>> {
    const label = `GET ${path}`
    const { signal } = options
    await this.#waitForTurn(signal)
    try {
      const response = await this.#send('GET', path, options, this.#unlimited, {
        headersTimeout: REQUEST_TIMEOUT_MS,
        bodyTimeout: 0,
      })
      if (response.statusCode !== 200) throw await errorOf(response, label)
      return response.body
    } catch (error) {
      throw this.#explain(error, label, signal)
    }
  }

  /** What went wrong while a stream was read, as the errors of requests are. */
  streamError(error: unknown, path: string, signal: AbortSignal): unknown {
    return this.#explain(error, `GET ${path}`, signal)
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#unlimited.destroy()])
  }

  async #attempt<T>(method: Dispatcher.HttpMethod, path: string, options: RequestOptions): Promise<T> {
    const label = `${method} ${path}`
    const { signal: callerSignal, timeoutMs = REQUEST_TIMEOUT_MS } = options
    if (!options.urgent) await this.#waitForTurn(callerSignal)
    const timeout = AbortSignal.timeout(Math.ceil(timeoutMs))
    const signal = callerSignal ? AbortSignal.any([callerSignal, timeout]) : timeout
    try {
      const dispatcher = options.urgent ? this.#unlimited : this.#pool
      const response = await this.#send(method, path, { ...options, signal }, dispatcher)
      if (response.statusCode >= 300) throw await errorOf(response, label)
      return (await response.body.json()) as T
    } catch (error) {
      if (timeout.aborted && !callerSignal?.aborted) throw KubeError.timeout(this.#server, label, timeoutMs)
      throw this.#explain(error, label, callerSignal)
    }
  }

  /** One request; a second one when the credentials turn out to be old, since a 401 was not carried out. */
  async #send(
    method: Dispatcher.HttpMethod,
    path: string,
    options: RequestOptions,
    dispatcher: Dispatcher,
    timeouts: Pick<Dispatcher.RequestOptions, 'headersTimeout' | 'bodyTimeout'> = {},
  ): Promise<Dispatcher.ResponseData> {
    const send = async () => {
      const authorization = await orAborted(this.#credentials.authorization(), options.signal)
      return dispatcher.request({
        origin: this.#origin,
        path: this.#pathPrefix + path + queryString(options.query),
        method,
        headers: {
          accept: options.accept ?? 'application/json',
          'user-agent': this.#userAgent,
          ...(authorization ? { authorization } : {}),
          ...(options.body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
        },
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal: options.signal,
        ...timeouts,
      })
    }
    const response = await send()
    if (response.statusCode !== 401 || !this.#credentials.expire()) return response
    await response.body.dump()
    return send()
  }

  async #waitForTurn(signal?: AbortSignal): Promise<void> {
    const wait = this.#bucket.reserve()
    if (wait > 0) await sleep(wait, signal)
  }

  /** Our own errors and a caller's abort as they are; anything else is a server that could not be reached. */
  #explain(error: unknown, label: string, signal?: AbortSignal): unknown {
    if (signal?.aborted) return signal.reason
    if (error instanceof KubeError || error instanceof WatchFormatError) return error
    return KubeError.unreachable(this.#server, label, error)
  }
}

const mayRepeat = (error: unknown): error is KubeError =>
  isUnreachable(error) &&
  error instanceof KubeError &&
  (error.status === 429 || error.reason === 'Unreachable') &&
  (error.retryAfterMs ?? 0) <= MAX_RETRY_AFTER_MS

async function errorOf(response: Dispatcher.ResponseData, label: string): Promise<KubeError> {
  const text = await response.body.text()
  const seconds = Number(response.headers['retry-after'])
  return KubeError.fromAnswer(label, response.statusCode, parseIfJson(text), seconds > 0 ? seconds * 1000 : undefined)
}

/** Proxies and unknown paths answer in plain text. */
function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The value, unless the signal comes first: an exec plugin may hang. */
function orAborted<T>(value: T | Promise<T>, signal: AbortSignal | undefined): T | Promise<T> {
  if (!signal || !(value instanceof Promise)) return value
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return Promise.race([value, promise])
}

function queryString(query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) params.set(key, String(value))
  return params.size > 0 ? `?${params}` : ''
}
