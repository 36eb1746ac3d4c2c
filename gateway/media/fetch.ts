/**
 * Files from addresses that customers name. The name is resolved here, each address it has must be public, and the connection
 * goes to what was checked: what the name says a moment later does not matter. Redirects are followed, and checked again.
 */
import { lookup } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Problem } from '../problems/problem.ts'
import { isPublic } from './address.ts'

const MAX_REDIRECTS = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** For all of it: callers wait for the answer. */
const DEADLINE_MS = 25_000
const MAX_URL = 2048

export interface FetchedUrl {
  bytes: AsyncIterable<Uint8Array>
  declaredType: string | undefined
  /** The last part of the path. */
  fileName: string | undefined
}

export interface UrlFetcherOptions {
  /** Which addresses may be connected to; the public ones. */
  isAllowed?: (address: string) => boolean
  deadlineMs?: number
}

export class UrlFetcher {
  readonly #isAllowed: (address: string) => boolean
  readonly #deadlineMs: number

  constructor({ isAllowed = isPublic, deadlineMs = DEADLINE_MS }: UrlFetcherOptions = {}) {
    this.#isAllowed = isAllowed
    this.#deadlineMs = deadlineMs
  }

  /** Throws Problem media_url_failed, as does reading the bytes; media_too_large when the server announces too many. */
  async fetch(address: string, maxBytes: number): Promise<FetchedUrl> {
    const deadline = AbortSignal.timeout(this.#deadlineMs)
    try {
      const { response, url } = await this.#follow(address, deadline)
      if (Number(response.headers['content-length']) > maxBytes) {
        response.destroy()
        throw new Problem('media_too_large', { detail: `At most ${maxBytes} bytes.` })
      }
      return {
        bytes: explained(response, deadline),
        declaredType: response.headers['content-type'],
        fileName: nameIn(url),
      }
    } catch (error) {
      throw failure(error, deadline)
    }
  }

  async #follow(address: string, signal: AbortSignal): Promise<{ response: IncomingMessage; url: URL }> {
    let url = this.#checked(address)
    for (let redirects = 0; ; redirects++) {
      const response = await this.#get(url, signal)
      const { statusCode = 0, headers } = response
      if (statusCode === 200) {
        const encoding = headers['content-encoding'] ?? 'identity'
        if (encoding === 'identity') return { response, url }
        response.destroy()
        throw failed('The server compresses the file, though it was asked not to.')
      }
      response.destroy()
      if (!REDIRECTS.has(statusCode) || !headers.location) throw failed(`The server answered ${statusCode}.`)
      if (redirects === MAX_REDIRECTS) throw failed('The server redirects too often.')
      url = this.#checked(headers.location, url)
    }
  }

  /** Whatever form an address is written in, URL makes it the usual one. */
  #checked(address: string, base?: URL): URL {
    if (address.length > MAX_URL || !URL.canParse(address, base?.href)) throw failed('It is no URL.')
    const url = new URL(address, base)
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw failed('Only http and https can be fetched.')
    if (url.username || url.password) throw failed('A URL with a user name can not be fetched.')
    const host = hostOf(url)
    if (isIP(host) && !this.#isAllowed(host)) throw failed(NOT_PUBLIC)
    return url
  }

  #get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Berth' }
    return new Promise((resolve, reject) => {
      request(url, { headers, signal, agent: false, lookup: this.#lookup })
        .on('response', resolve)
        .on('error', reject)
        .end()
    })
  }

  readonly #lookup: LookupFunction = (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      // One that is not public among them is a trick, or a network that we are inside of.
      if (addresses.length === 0 || !addresses.every(({ address }) => this.#isAllowed(address))) {
        return callback(failed(NOT_PUBLIC), '')
      }
      if (options.all) return callback(null, addresses)
      callback(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}

const NOT_PUBLIC = 'The address is not one of the public Internet.'

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

async function* explained(response: IncomingMessage, deadline: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* response
  } catch (error) {
    throw failure(error, deadline)
  }
}

const failed = (detail: string): Problem => new Problem('media_url_failed', { detail })

/** What the caller may know: a name that is not there and a port that is closed look the same. */
function failure(error: unknown, deadline: AbortSignal): Problem {
  if (error instanceof Problem) return error
  return failed(deadline.aborted ? 'The file did not come in time.' : 'The server could not be reached, or broke off.')
}

function nameIn({ pathname }: URL): string | undefined {
  const last = pathname.split('/').at(-1)!
  try {
    const name = decodeURIComponent(last)
    return name && !name.includes('\u0000') ? name.slice(0, 255) : undefined
  } catch {
    return undefined
  }
}
