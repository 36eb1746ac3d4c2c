/** Takes a file in: its row first, then its bytes, then what they turned out to be. */
import { MediaRefused, type MediaStore } from '@berth/core/media/store.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { Database } from '../data/database.ts'
import { deleteMedia, finishUpload, insertUpload, type MediaRow } from '../data/media.ts'
import { uuidV7 } from '../data/uuid.ts'
import { Problem } from '../problems/problem.ts'
import { SNIFFED_BYTES, sniffType } from './sniff.ts'

const RETRY_AFTER_SECONDS = 5

/** What the store is asked for, or the problem that it does not answer. */
export function requireStore(store: MediaStore | undefined): MediaStore {
  if (store) return store
  throw new Problem('media_unavailable', {
    detail: 'This installation keeps no files: it was set up without a store for them.',
    retryAfterSeconds: 3600,
  })
}

/** A failure of the store as callers may read it. */
export function storeProblem(log: Logger, error: unknown): Problem {
  if (error instanceof Problem) return error
  log.warn({ err: error }, 'the store of media failed')
  return new Problem('media_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
}

interface Incoming {
  tenantId: string
  bytes: AsyncIterable<Uint8Array>
  maxBytes: number
  declaredType?: string | undefined
  fileName?: string | undefined
}

export class MediaIntake {
  readonly #database: Database
  readonly #store: MediaStore | undefined
  readonly #log: Logger

  constructor(database: Database, store: MediaStore | undefined, log: Logger) {
    this.#database = database
    this.#store = store
    this.#log = log
  }

  /** Throws Problem media_too_large, media_unavailable, what `bytes` throws; nothing of the file is kept then. */
  async take({ tenantId, bytes, maxBytes, declaredType, fileName }: Incoming): Promise<MediaRow> {
    const store = requireStore(this.#store)
    const id = uuidV7(Date.now())
    await insertUpload(this.#database, { tenantId, id, fileName })
    const source = new Source(bytes)
    try {
      const stored = await store.put(id, source.read(), { maxBytes })
      const row = await finishUpload(this.#database, tenantId, id, {
        ...stored,
        mimeType: sniffType(source.head, declaredType),
      })
      if (!row) throw new Problem('media_not_found')
      return row
    } catch (error) {
      // What is not deleted now is given up within the hour.
      await deleteMedia(this.#database, tenantId, id).catch(() => {})
      if (error instanceof MediaRefused) throw new Problem('media_too_large', { detail: `At most ${maxBytes} bytes.` })
      throw source.failure ?? storeProblem(this.#log, error)
    }
  }
}

/** Passes bytes on, remembers the first ones, and whose fault it was when they broke off. */
class Source {
  readonly #bytes: AsyncIterable<Uint8Array>
  head = Buffer.alloc(0)
  failure: unknown

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#bytes = bytes
  }

  async *read(): AsyncGenerator<Uint8Array> {
    const bytes = this.#bytes[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await bytes.next().catch((error) => {
          this.failure = error
          throw error
        })
        if (next.done) return
        const missing = SNIFFED_BYTES - this.head.length
        if (missing > 0) this.head = Buffer.concat([this.head, next.value.subarray(0, missing)])
        yield next.value
      }
    } finally {
      await bytes.return?.()
    }
  }
}
