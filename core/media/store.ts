/**
 * Where the bytes of media lie: one interface, over a folder or an S3-compatible service. A file is named by its id (a UUID)
 * and never changes: two that put the same id put the same bytes, so it does not matter who is last.
 */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'

export interface PutOptions {
  /** More than this is refused. */
  maxBytes: number
  /** What the bytes must be: anything else is refused. */
  sha256?: Buffer
}

export interface StoredFile {
  /** Bytes. */
  size: number
  sha256: Buffer
}

/** Bytes from first to last, both included, counted from 0. */
export interface ByteRange {
  first: number
  last: number
}

export interface MediaStore {
  /**
   * Keeps a file; whoever reads it sees all of it or nothing. Memory is bounded whatever the size is.
   * Throws MediaRefused, what `bytes` throws, and what goes wrong in the store.
   */
  put(id: string, bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredFile>
  /** The file or a part of it, which must lie inside; undefined: there is none. To be read or destroyed. */
  get(id: string, range?: ByteRange): Promise<Readable | undefined>
  /** undefined: there is none. */
  stat(id: string): Promise<{ size: number } | undefined>
  /** One that is not there is as good as deleted. */
  delete(id: string): Promise<void>
  /** Removes what a killed process left half-written before this time. Answers how many. */
  sweep(before: Date): Promise<number>
}

/** The bytes are not to be kept, however often they are put. */
export class MediaRefused extends Error {
  override name = 'MediaRefused'
  readonly code: 'too_large' | 'damaged'
  constructor(code: 'too_large' | 'damaged', message: string) {
    super(message)
    this.code = code
  }
}

/** Counts and hashes what flows through it; throws MediaRefused as soon as there is too much. */
export class Gauge {
  readonly #hash = createHash('sha256')
  readonly #options: PutOptions
  #size = 0

  constructor(options: PutOptions) {
    this.#options = options
  }

  async *through(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.#size += chunk.length
      if (this.#size > this.#options.maxBytes) {
        throw new MediaRefused('too_large', `the file is larger than ${this.#options.maxBytes} bytes`)
      }
      this.#hash.update(chunk)
      yield chunk
    }
  }

  /** After the last byte. Throws MediaRefused when they are not the expected ones. */
  result(): StoredFile {
    const sha256 = this.#hash.digest()
    if (this.#options.sha256 && !sha256.equals(this.#options.sha256)) {
      throw new MediaRefused('damaged', 'the file is not the one that was announced: its SHA-256 is another')
    }
    return { size: this.#size, sha256 }
  }
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Ids become paths. Throws when it is not one. */
export function requireId(id: string): string {
  if (!ID.test(id)) throw new Error('not the id of a medium')
  return id
}
