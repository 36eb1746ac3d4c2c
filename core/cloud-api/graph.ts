/** Meta's Graph API, as far as it is about WhatsApp: questions, messages, files. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import { type Verdict, verdictOf } from './errors.ts'
import { isObject, type Json } from './json.ts'

export const GRAPH_URL = 'https://graph.facebook.com'
/** Of which the payloads are. */
const VERSION = 'v25.0'
const ANSWER_MS = 15_000
/** For a file of 100 MB. */
const FILE_MS = 300_000
const MAX_ANSWER_BYTES = 1024 * 1024

/** Meta answered, and nothing was done. */
export class GraphRefusal extends Error {
  override name = 'GraphRefusal'
  readonly verdict: Verdict
  constructor(verdict: Verdict) {
    super(verdict.message)
    this.verdict = verdict
  }
}

/** Nobody knows whether it was done: no answer came, or one that says nothing. */
export class GraphSilence extends Error {
  override name = 'GraphSilence'
}

/** A file to be uploaded. */
export interface Upload {
  mimeType: string
  fileName: string
  /** Bytes. */
  size: number
  open(): Promise<Readable>
}

export class Graph {
  readonly #url: string
  readonly #authorization: string

  constructor({ url = GRAPH_URL, token }: { url?: string | undefined; token: string }) {
    this.#url = url.replace(/\/+$/, '')
    this.#authorization = `Bearer ${token}`
  }

  /** All of them throw GraphRefusal, GraphSilence. */
  get(path: string): Promise<Json> {
    return this.#ask('GET', path)
  }

  post(path: string, body: object): Promise<Json> {
    return this.#ask('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  }

  /** Answers the id under which it can be sent for 30 days. */
  async upload(phoneNumberId: string, file: Upload): Promise<string> {
    const boundary = `berth-${randomBytes(16).toString('hex')}`
    const field = (name: string, value: string) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const head = Buffer.from(
      field('messaging_product', 'whatsapp') +
        field('type', file.mimeType) +
        `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${quoted(file.fileName)}"\r\n` +
        `content-type: ${file.mimeType}\r\n\r\n`,
    )
    const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
    const bytes = await file.open()
    const body = Readable.from(
      (async function* () {
        yield head
        yield* bytes
        yield tail
      })(),
    )
    const { id } = await this.#ask('POST', `${phoneNumberId}/media`, {
      body,
      headers: {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': String(head.length + file.size + tail.length),
      },
      deadlineMs: FILE_MS,
    })
    if (typeof id !== 'string') throw new GraphSilence('Meta did not say under which id it keeps the file.')
    return id
  }

  /** The bytes of a file, from the address that Meta has named. */
  async *download(address: string): AsyncGenerator<Uint8Array> {
    const { protocol, origin } = new URL(address)
    if (protocol !== 'https:' && origin !== new URL(this.#url).origin) {
      throw new GraphSilence('Meta named an address that is not safe to send the token to.')
    }
    const signal = AbortSignal.timeout(FILE_MS)
    const { statusCode, body } = await request(address, { headers: { authorization: this.#authorization }, signal })
    if (statusCode !== 200) {
      await body.dump()
      throw new GraphSilence(`The file's address answers ${statusCode}.`)
    }
    yield* body
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    { body, headers = {}, deadlineMs = ANSWER_MS }: Asked = {},
  ): Promise<Json> {
    let answer: { status: number; body: unknown }
    try {
      const response = await request(`${this.#url}/${VERSION}/${path}`, {
        method,
        headers: { ...headers, authorization: this.#authorization },
        ...(body !== undefined && { body }),
        signal: AbortSignal.timeout(deadlineMs),
      })
      answer = { status: response.statusCode, body: await read(response.body) }
    } catch (cause) {
      throw new GraphSilence('Meta did not answer.', { cause })
    }
    const refusal = refusalIn(answer.body)
    if (refusal) throw new GraphRefusal(refusal)
    if (answer.status >= 300 || !isObject(answer.body)) throw new GraphSilence(`Meta answered ${answer.status}.`)
    return answer.body
  }
}

interface Asked {
  body?: string | Readable
  headers?: Record<string, string>
  deadlineMs?: number
}

async function read(body: Dispatcher.ResponseData['body']): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += (chunk as Buffer).length
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too long')
    chunks.push(chunk as Buffer)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

function refusalIn(body: unknown): Verdict | undefined {
  const error = isObject(body) ? body.error : undefined
  if (!isObject(error) || typeof error.code !== 'number') return undefined
  const { details } = isObject(error.error_data) ? error.error_data : {}
  const said = typeof details === 'string' ? details : typeof error.message === 'string' ? error.message : ''
  return verdictOf(error.code, said.slice(0, 300))
}

/** In a header of a part: no quotes, no line ends. */
const quoted = (name: string): string => name.replace(/["\\\r\n]/g, '_')
