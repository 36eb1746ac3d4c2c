// Files on the media host, as they were uploaded: encrypted. The oldest make room when there are too many.
import { createHash, randomBytes } from 'node:crypto'
import type { Database } from './database.ts'

/** Bytes, of all files together. */
const CAPACITY = 256 * 1024 * 1024

export class MediaFiles {
  readonly #database: Database
  readonly #capacity: number

  /** @param capacity bytes */
  constructor(database: Database, capacity = CAPACITY) {
    this.#database = database
    this.#capacity = capacity
  }

  /** Answers the path under which it can be had; one that is there already keeps its own. */
  add(bytes: Buffer): string {
    const hash = createHash('sha256').update(bytes).digest()
    return this.#database.change(() => {
      this.#database.run(
        'INSERT INTO media_file (hash, path, bytes, size, added_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        hash,
        newPath(),
        bytes,
        bytes.length,
        this.#database.now(),
      )
      this.#makeRoom()
      return this.renew(hash)!
    })
  }

  /** What a client gets; `expired` until somebody uploads it again. */
  download(path: string): Buffer | 'expired' | undefined {
    const sql = 'SELECT bytes, expired FROM media_file WHERE path = ?'
    const row = this.#database.get<{ bytes: Uint8Array; expired: number }>(sql, path)
    return row && (row.expired ? 'expired' : Buffer.from(row.bytes))
  }

  /** What a phone has, that got or sent the file before it expired. */
  find(hash: Uint8Array): Buffer | undefined {
    const row = this.#database.get<{ bytes: Uint8Array }>('SELECT bytes FROM media_file WHERE hash = ?', hash)
    return row && Buffer.from(row.bytes)
  }

  has(hash: Uint8Array): boolean {
    return this.#database.get('SELECT 1 FROM media_file WHERE hash = ?', hash) !== undefined
  }

  /** It can't be downloaded any more. False when it isn't there. */
  expire(hash: Uint8Array): boolean {
    return this.#database.run('UPDATE media_file SET expired = 1 WHERE hash = ?', hash) > 0
  }

  /** Answers where it can be downloaded: under another path when it had expired. Undefined when it isn't there. */
  renew(hash: Uint8Array): string | undefined {
    this.#database.run('UPDATE media_file SET path = ?, expired = 0 WHERE hash = ? AND expired = 1', newPath(), hash)
    return this.#database.get<{ path: string }>('SELECT path FROM media_file WHERE hash = ?', hash)?.path
  }

  #makeRoom(): void {
    // A file stays as long as it and all that came after it fit.
    this.#database.run(
      `DELETE FROM media_file WHERE seq IN (
         SELECT seq FROM (SELECT seq, sum(size) OVER (ORDER BY seq DESC) AS total FROM media_file) WHERE total > ?)`,
      this.#capacity,
    )
  }
}

const newPath = (): string => `/v/${randomBytes(16).toString('hex')}.enc`
