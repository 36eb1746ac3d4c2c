/**
 * One POST to an address that a customer named. The name is resolved for each connection, and each address it has must be
 * allowed; redirects are not followed. Nothing that the receiver does costs more than a connection and some seconds: its
 * answer is waited for so long and read so far, and no further.
 */
import { lookup } from 'node:dns'
import { Agent as HttpAgent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import type { Attempt } from '@berth/core/postgres/webhooks.ts'
import { isAllowed, type Targets } from './targets.ts'

const CONNECT_MS = 5_000
const WHOLE_MS = 15_000
const ANSWER_BYTES = 64 * 1024
const SHOWN_BYTES = 1024
/** A connection that nothing goes over is closed after this: most servers keep theirs longer. */
const IDLE_MS = 4_000
const IDLE_PER_HOST = 5

export interface Sent {
  attempt: Attempt
  retryAfter?: string
  succeeded: boolean
}

class Refused extends Error {}

export interface SenderOptions {
  targets: Targets
  connectMs?: number
  wholeMs?: number
}

export class Sender {
  readonly #targets: Targets
  readonly #connectMs: number
  readonly #wholeMs: number
  readonly #plain = new HttpAgent({ keepAlive: true, maxFreeSockets: IDLE_PER_HOST, timeout: IDLE_MS })
  readonly #secure = new HttpsAgent({ keepAlive: true, maxFreeSockets: IDLE_PER_HOST, timeout: IDLE_MS })

  constructor({ targets, connectMs = CONNECT_MS, wholeMs = WHOLE_MS }: SenderOptions) {
    this.#targets = targets
    this.#connectMs = connectMs
    this.#wholeMs = wholeMs
  }

  /** Never throws: whatever goes wrong is what the attempt says. */
  async send(address: string, headers: Record<string, string>, body: string): Promise<Sent> {
    const at = new Date().toISOString()
    const begun = performance.now()
    const attempt = (rest: Partial<Attempt>): Attempt => ({ at, ms: Math.round(performance.now() - begun), ...rest })
    const deadline = AbortSignal.timeout(this.#wholeMs)
    try {
      const response = await this.#post(new URL(address), headers, body, deadline)
      const status = response.statusCode!
      const succeeded = status >= 200 && status < 300
      const answer = await beginningOf(response)
      const retryAfter = response.headers['retry-after']
      return {
        attempt: attempt({ status, ...(answer && { answer }) }),
        ...(retryAfter !== undefined && { retryAfter }),
        succeeded,
      }
    } catch (error) {
      return { attempt: attempt({ error: wordsFor(error as NodeJS.ErrnoException, deadline) }), succeeded: false }
    }
  }

  close(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }

  async #post(url: URL, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<IncomingMessage> {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) && !isAllowed(this.#targets, host)) throw new Refused()
    const options: RequestOptions = {
      method: 'POST',
      signal,
      lookup: this.#lookup,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Berth',
        'accept-encoding': 'identity',
        ...headers,
      },
    }
    try {
      return await this.#once(url, options, body)
    } catch (error) {
      // The receiver closed a kept connection in the moment in which it was used again: that says nothing about it.
      if ((error as { reused?: boolean }).reused) return this.#once(url, { ...options, agent: false }, body)
      throw error
    }
  }

  #once(url: URL, options: RequestOptions, body: string): Promise<IncomingMessage> {
    const isSecure = url.protocol === 'https:'
    const request = (isSecure ? requestHttps : requestHttp)(url, {
      agent: isSecure ? this.#secure : this.#plain,
      ...options,
    })
    const connected = isSecure ? 'secureConnect' : 'connect'
    let timer: NodeJS.Timeout | undefined
    request.once('socket', (socket: Socket) => {
      if (!socket.connecting && request.reusedSocket) return
      timer = setTimeout(() => request.destroy(new Refused('connect')), this.#connectMs)
      socket.once(connected, () => clearTimeout(timer))
    })
    return new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.on('error', (error: NodeJS.ErrnoException) => {
        reject(request.reusedSocket && error.code === 'ECONNRESET' ? Object.assign(error, { reused: true }) : error)
      })
      request.end(body)
    }).finally(() => clearTimeout(timer))
  }

  readonly #lookup: LookupFunction = (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      // One that is not allowed among them is a trick, or a network that we are inside of.
      if (addresses.length === 0 || !addresses.every(({ address }) => isAllowed(this.#targets, address))) {
        return callback(new Refused(), '')
      }
      if (options.all) return callback(null, addresses)
      callback(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}

/** Reads an answer, so that its connection can be used again; one that is too long or breaks off loses its connection. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const shown: Buffer[] = []
  let [length, kept] = [0, 0]
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length
      if (kept < SHOWN_BYTES) {
        const part = chunk.subarray(0, SHOWN_BYTES - kept)
        shown.push(part)
        kept += part.length
      }
      if (length > ANSWER_BYTES) break
    }
  } catch {
    // The status has come, and it is what counts.
  }
  // Postgres takes no NUL in a text.
  return Buffer.concat(shown).toString().replaceAll('\u0000', '\uFFFD')
}

/** What the customer is told: enough to see where the trouble is, nothing of our network. */
function wordsFor(error: NodeJS.ErrnoException, deadline: AbortSignal): string {
  if (error instanceof Refused) {
    return error.message ? 'No connection came about in time' : 'The address is not one of the public Internet'
  }
  if (deadline.aborted) return 'No answer came in time'
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return 'The name of the server was not found'
  if (/^(ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERR_SSL|EPROTO)/.test(error.code ?? '')) {
    return `TLS failed: ${error.code}`
  }
  if (error.code?.startsWith('HPE_')) return 'The answer was no HTTP'
  return 'The server could not be reached, or broke off'
}
