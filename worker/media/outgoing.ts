/** Files that sessions send: from the store to whoever uploads them, and where they were uploaded to. */
import type { Readable } from 'node:stream'
import type { MediaStore } from '@berth/core/media/store.ts'
import { keepSource, mediaToSend } from '@berth/core/postgres/media.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { Ownership } from '../store/ownership.ts'
import { persist, persistOwned } from '../store/persist.ts'

interface Parts {
  pool: Pool
  bootId: string
  store: MediaStore | undefined
  log: Logger
}

export class OutgoingFiles {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Opens a stored file of the session's tenant, from its beginning; undefined: there is none of that id. */
  async find({ sessionId }: Ownership, mediaId: string): Promise<(() => Promise<Readable>) | undefined> {
    const { pool, bootId, store, log } = this.#parts
    const found = await persist('a file to send', log, () => mediaToSend(pool, bootId, sessionId, mediaId))
    if (!found || !store) return undefined
    return async () => {
      const bytes = await store.get(mediaId)
      if (!bytes) throw new Error('the store does not have a file that it should have')
      return bytes
    }
  }

  /** Resolves when it is durable where the file of a message lies; never, when the session is not ours any more. */
  keep(owner: Ownership, whatsappId: string, source: Record<string, unknown>): Promise<void> {
    const { pool, bootId, log } = this.#parts
    return persistOwned('an upload', log, owner, () => keepSource(pool, bootId, owner, whatsappId, source))
  }
}
