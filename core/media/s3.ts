/**
 * Media in a bucket of an S3-compatible service. Up to one part is buffered, so memory is bounded; what fits into one part is
 * one request, the rest a multipart upload, which is completed only when all bytes were there and right. One that a killed
 * process left open is aborted by the sweep.
 */
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { AwsClient } from 'aws4fetch'
import { type ByteRange, Gauge, type MediaStore, type PutOptions, requireId, type StoredFile } from './store.ts'

export interface S3Options {
  /** Of the service, as `https://s3.eu-central-1.amazonaws.com`. */
  endpoint: string
  region: string
  bucket: string
  /** Before each id, with a slash at its end; may be empty. */
  prefix: string
  keyId: string
  secret: string
}

/** S3 takes no smaller ones but the last, and 10,000 of them: files of 80 GB. */
const PART_BYTES = 8 * 1024 * 1024
const RETRIES = 3
/** For one request whose answer is short. */
const ANSWER_MS = 60_000

export class S3Store implements MediaStore {
  readonly #client: AwsClient
  readonly #bucketUrl: string
  readonly #prefix: string

  constructor({ endpoint, region, bucket, prefix, keyId, secret }: S3Options) {
    this.#client = new AwsClient({
      accessKeyId: keyId,
      secretAccessKey: secret,
      service: 's3',
      region,
      retries: RETRIES,
    })
    this.#bucketUrl = `${endpoint.replace(/\/+$/, '')}/${bucket}`
    this.#prefix = prefix
  }

  async put(id: string, bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredFile> {
    const gauge = new Gauge(options)
    const parts = inParts(gauge.through(bytes))
    const { value: first = Buffer.alloc(0) } = await parts.next()
    const second = await parts.next()
    if (second.done) {
      const stored = gauge.result()
      await this.#ask('PUT', this.#key(id), first)
      return stored
    }
    const uploadId = tag(await this.#text('POST', `${this.#key(id)}?uploads`), 'UploadId')
    const upload = `uploadId=${encodeURIComponent(uploadId)}`
    try {
      const tags = [await this.#part(id, upload, 1, first), await this.#part(id, upload, 2, second.value)]
      for await (const part of parts) tags.push(await this.#part(id, upload, tags.length + 1, part))
      const stored = gauge.result()
      const list = tags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('')
      const whole = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`)
      const answer = await this.#text('POST', `${this.#key(id)}?${upload}`, whole)
      // An upload that could not be put together is told in an answer of success.
      if (answer.includes('<Error>')) throw new Error(`the object store: ${tag(answer, 'Code')}`)
      return stored
    } catch (error) {
      await this.#ask('DELETE', `${this.#key(id)}?${upload}`).catch(() => {}) // the sweep will
      throw error
    }
  }

  async get(id: string, range?: ByteRange): Promise<Readable | undefined> {
    const headers = range ? { range: `bytes=${range.first}-${range.last}` } : undefined
    const response = await this.#client.fetch(this.#url(this.#key(id)), headers ? { headers } : {})
    if (response.status === 404) return discard(response)
    if (!response.ok) throw await failure('GET', response)
    return response.body ? Readable.fromWeb(response.body as WebStream) : Readable.from([])
  }

  async stat(id: string): Promise<{ size: number } | undefined> {
    const response = await this.#send('HEAD', this.#key(id))
    if (response.status === 404) return undefined
    if (!response.ok) throw await failure('HEAD', response)
    return { size: Number(response.headers.get('content-length')) }
  }

  async delete(id: string): Promise<void> {
    await this.#ask('DELETE', this.#key(id), undefined, [404])
  }

  async sweep(before: Date): Promise<number> {
    const listed = await this.#text('GET', `?uploads&prefix=${encodeURIComponent(this.#prefix)}`)
    const old = [...listed.matchAll(/<Upload>(.*?)<\/Upload>/gs)]
      .map((match) => match[1]!)
      .filter((upload) => new Date(tag(upload, 'Initiated')) < before)
    for (const upload of old) {
      const query = `uploadId=${encodeURIComponent(tag(upload, 'UploadId'))}`
      await this.#ask('DELETE', `/${tag(upload, 'Key')}?${query}`, undefined, [404])
    }
    return old.length
  }

  #key(id: string): string {
    return `/${this.#prefix}${requireId(id)}`
  }

  #url(where: string): string {
    return this.#bucketUrl + where
  }

  /** Answers the part's ETag. */
  async #part(id: string, upload: string, number: number, part: Buffer): Promise<string> {
    const response = await this.#ask('PUT', `${this.#key(id)}?partNumber=${number}&${upload}`, part)
    const etag = response.headers.get('etag')
    if (!etag) throw new Error('the object store did not answer the ETag of a part')
    return etag
  }

  #send(method: string, where: string, body?: Buffer): Promise<Response> {
    const signal = AbortSignal.timeout(ANSWER_MS)
    // A Buffer is a body; the types of Node and of the library disagree about its memory.
    return this.#client.fetch(this.#url(where), {
      method,
      signal,
      ...(body ? { body: body as NonNullable<RequestInit['body']> } : {}),
    })
  }

  async #text(method: string, where: string, body?: Buffer): Promise<string> {
    return (await this.#ask(method, where, body)).text()
  }

  async #ask(method: string, where: string, body?: Buffer, alsoFine: number[] = []): Promise<Response> {
    const response = await this.#send(method, where, body)
    if (!response.ok && !alsoFine.includes(response.status)) throw await failure(method, response)
    return response
  }
}

/** What comes in chunks of any size, in parts of one size; the last one may be smaller. */
async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, undefined> {
  let waiting: Uint8Array[] = []
  let length = 0
  for await (const chunk of bytes) {
    for (let rest = chunk; rest.length > 0; ) {
      const taken = rest.subarray(0, PART_BYTES - length)
      rest = rest.subarray(taken.length)
      waiting.push(taken)
      length += taken.length
      if (length < PART_BYTES) continue
      yield Buffer.concat(waiting)
      waiting = []
      length = 0
    }
  }
  if (length > 0) yield Buffer.concat(waiting)
}

async function discard(response: Response): Promise<undefined> {
  await response.body?.cancel()
}

async function failure(method: string, response: Response): Promise<Error> {
  const text = await response.text()
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1]
  return new Error(`the object store answered ${response.status}${code ? ` ${code}` : ''} to ${method}`)
}

/** The text of an element that the answer must have; S3's XML has no attributes there. */
function tag(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  if (text === undefined) throw new Error(`the object store did not answer ${name}`)
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#34': '"' }
  return text.replace(/&(#?\w+);/g, (whole, entity: string) => entities[entity] ?? whole)
}
