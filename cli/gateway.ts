/** The gateway's API, called as a tenant. What it answers instead of a result becomes an error that says what to do. */
import { z } from 'zod'
import { CliError, IS_IT_RUNNING } from './error.ts'
import { readServerSentEvents, type ServerSentEvent } from './server-sent-events.ts'

/** A problem document (RFC 9457), as far as we show it. */
const ProblemDocument = z.object({
  code: z.string(),
  title: z.string(),
  detail: z.string().optional(),
  remedy: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

/** The gateway said no, and why. */
export class GatewayProblem extends CliError {
  override name = 'GatewayProblem'
  /** Of the catalogue of problems; undefined when something else than the gateway answered. */
  readonly code: string | undefined
  /** What went wrong, without what to do. */
  readonly what: string

  constructor(what: string, remedy: string, code?: string) {
    super(`${what} ${remedy}${code ? ` [${code}]` : ''}`)
    this.what = what
    this.code = code
  }

  /** The same, with what to do on this command line instead of in HTTP. */
  advising(remedy: string): GatewayProblem {
    return new GatewayProblem(this.what, remedy, this.code)
  }
}

/** Nothing answered; a request that had been sent may have been carried out. */
export class GatewayUnreachable extends CliError {
  override name = 'GatewayUnreachable'
}

export interface GatewayRequest {
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Longer than the gateway lets anybody wait (30 s). */
const TIMEOUT_MS = 40_000

export class Gateway {
  readonly url: string
  readonly #key: string | undefined

  /** @param key without one only what is open to everybody can be asked for */
  constructor(url: string, key?: string) {
    this.url = url
    this.#key = key
  }

  /** The parsed answer. Throws GatewayProblem, GatewayUnreachable. */
  async json<T>(method: string, path: string, request: GatewayRequest = {}): Promise<T> {
    return (await (await this.fetch(method, path, request)).json()) as T
  }

  /** A good answer, its body unread. Throws GatewayProblem, GatewayUnreachable. */
  async fetch(method: string, path: string, { body, headers = {}, signal }: GatewayRequest = {}): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    const response = await this.#send(path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    if (!response.ok) throw await problemOf(response, this.url)
    return response
  }

  /** Server-sent events, until the gateway ends them. Throws as the others, and when the connection breaks off. */
  async *stream(path: string, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
    const response = await this.#send(path, { headers: { accept: 'text/event-stream' }, signal })
    if (!response.ok) throw await problemOf(response, this.url)
    try {
      yield* readServerSentEvents(response.body!)
    } catch (error) {
      throw signal.aborted ? signal.reason : this.#unreachable(error)
    }
  }

  async #send(path: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
    const headers = { ...init.headers, ...(this.#key && { authorization: `Bearer ${this.#key}` }) }
    try {
      return await fetch(this.url + path, { ...init, headers })
    } catch (error) {
      throw init.signal.aborted && init.signal.reason instanceof CliError
        ? init.signal.reason
        : this.#unreachable(error)
    }
  }

  #unreachable(error: unknown): GatewayUnreachable {
    const { message, cause } = error as Error
    const why = cause instanceof Error && cause.message ? cause.message : message
    return new GatewayUnreachable(
      `The gateway at ${this.url} is not reachable: ${why}. ${IS_IT_RUNNING}, or name another one with --gateway.`,
      { cause: error },
    )
  }
}

async function problemOf(response: Response, url: string): Promise<GatewayProblem> {
  const text = await response.text()
  const document = ProblemDocument.safeParse(parseIfJson(text))
  if (!document.success) {
    return new GatewayProblem(`${url} answered ${response.status}, and not as Berth's gateway does.`, 'Is it one?')
  }
  const { code, title, detail, remedy, errors = [] } = document.data
  const fields = errors.map(({ field, message }) => ` ${field}: ${message}.`).join('')
  const why = detail ? `: ${detail.replace(/[.]$/, '')}` : ''
  return new GatewayProblem(`${title}${why}.${fields}`, remedy, code)
}

function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
