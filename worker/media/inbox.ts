/**
 * Received files, of all sessions of this boot: fetched into the store.
 *
 * A row is pending from the commit of its message on. Looked at (its message is durable, its session was claimed or is
 * connected again, its time has come) → fetched, a few at a time → stored. Gone from the media host → the phone is asked to
 * upload it again, which takes a connection: without one it stays as it is until there is one → pending, elsewhere. Any other
 * failure → pending, for a later time, or failed for good. Nothing of a try is kept but in the row: the next owner goes on.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import { DEFAULT_MEDIA_BYTES } from '@berth/core/model/tier.ts'
import { loadMedia, type MediaOutcome, type PendingMedia, settleMedia } from '@berth/core/postgres/media.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { AskFailed, type FetchedFile, MediaGone, type RemoteFile } from '../drivers/driver.ts'
import { mediaFetched } from '../metrics.ts'
import { type Ownership, OwnershipLost } from '../store/ownership.ts'
import { persist } from '../store/persist.ts'
import { afterFailure } from './outcome.ts'
import { Slots } from './slots.ts'

/** Of all sessions together: each has one chunk in memory. */
const AT_ONCE = 8
/** Of one session, so that one that was away for long leaves room for the others. */
const BATCH = 4
/** A lease that is not renewed is, soon, or is lost. */
const NOT_NOW_MS = 5000

const NOT_KEPT: MediaOutcome = {
  status: 'failed',
  attempts: 0,
  errorCode: 'not_kept',
  errorMessage: 'This installation keeps no files: it was set up without a store for them.',
}

/** What is asked of a session. */
export interface MediaSession {
  readonly owner: Ownership
  /** Nothing more is begun for it. */
  readonly stopped: boolean
  /** False: begin nothing now. */
  readonly mayAct: boolean
  fetchMedia(file: RemoteFile): FetchedFile
  /** Has the phone upload it again; answers its new source. Throws MediaGone, AskFailed. */
  renewMedia(file: RemoteFile): Promise<Record<string, unknown>>
}

interface Parts {
  pool: Pool
  bootId: string
  /** undefined: no files are kept. */
  store: MediaStore | undefined
  log: Logger
}

export class MediaInbox {
  readonly #parts: Parts
  readonly #slots = new Slots(AT_ONCE)
  /** Being looked at; true: there may be more since. */
  readonly #looking = new Map<MediaSession, boolean>()
  /** They have files that only the phone can make available again, and were not connected. */
  readonly #waiting = new WeakSet<MediaSession>()
  readonly #timers = new Map<MediaSession, NodeJS.Timeout>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** There may be files to fetch for a session, now. Can be called any number of times. */
  look(session: MediaSession): void {
    if (this.#looking.has(session)) {
      this.#looking.set(session, true)
      return
    }
    clearTimeout(this.#timers.get(session))
    this.#timers.delete(session)
    this.#looking.set(session, false)
    void this.#run(session)
      .catch((error) => {
        if (!session.owner.loss) this.#parts.log.error({ err: error }, 'received files can not be looked at')
      })
      .finally(() => {
        const more = this.#looking.get(session)
        this.#looking.delete(session)
        if (more) this.look(session)
      })
  }

  /** What had to wait for that goes on. */
  connected(session: MediaSession): void {
    if (this.#waiting.delete(session)) this.look(session)
  }

  async #run(session: MediaSession): Promise<void> {
    const { pool, bootId, log } = this.#parts
    const { sessionId } = session.owner
    while (!session.stopped) {
      if (!session.mayAct) return this.#lookAgain(session, NOT_NOW_MS)
      this.#looking.set(session, false)
      const rows = await persist('received files', log, () => loadMedia(pool, bootId, sessionId, BATCH * 4))
      const now = Date.now()
      const due = rows.filter((row) => row.next_at.getTime() <= now).slice(0, BATCH)
      if (due.length === 0) {
        const next = Math.min(...rows.map((row) => row.next_at.getTime()))
        if (rows.length > 0) this.#lookAgain(session, next - now)
        return
      }
      const settled = await Promise.all(due.map((row) => this.#slots.run(() => this.#take(session, row))))
      if (!settled.includes(true)) return void this.#waiting.add(session)
    }
  }

  #lookAgain(session: MediaSession, waitMs: number): void {
    const look = () => {
      this.#timers.delete(session)
      this.look(session)
    }
    this.#timers.set(session, setTimeout(look, waitMs).unref())
  }

  /** False: nothing came of it by now, and nothing was written. */
  async #take(session: MediaSession, row: PendingMedia): Promise<boolean> {
    const { pool, bootId, log } = this.#parts
    const { owner } = session
    if (!session.mayAct) return false
    await failpoint('media.fetching')
    const outcome = await this.#try(session, row)
    if (!outcome || owner.loss) return false
    const held = await persist('a received file', log, () => settleMedia(pool, bootId, owner, row.id, outcome))
    if (!held) owner.lose(new OwnershipLost(owner.sessionId))
    if (outcome.status === 'stored') await failpoint('media.settled')
    if (outcome.status !== 'pending') mediaFetched.inc({ outcome: outcome.errorCode ?? 'stored' })
    return held
  }

  async #try(session: MediaSession, row: PendingMedia): Promise<MediaOutcome | undefined> {
    const { store, log } = this.#parts
    if (!store) return NOT_KEPT
    const maxBytes = row.max_bytes ?? DEFAULT_MEDIA_BYTES
    const file: RemoteFile = {
      source: row.source,
      chat: row.chat,
      whatsappId: row.whatsapp_id,
      fromMe: row.from_me,
      sender: { phoneNumber: row.sender_phone ?? undefined, lid: row.sender_lid ?? undefined },
    }
    try {
      try {
        const { bytes, sha256 } = session.fetchMedia(file)
        const stored = await store.put(row.id, bytes, { maxBytes, sha256 })
        await failpoint('media.kept')
        return { status: 'stored', attempts: row.attempts, ...stored }
      } catch (error) {
        if (!(error instanceof MediaGone)) throw error
        const source = await session.renewMedia(file)
        if (row.attempts > 0 && JSON.stringify(source) === JSON.stringify(row.source)) throw error
        return { status: 'pending', attempts: row.attempts + 1, source }
      }
    } catch (error) {
      if (error instanceof AskFailed && error.code === 'not_connected') return undefined
      const outcome = afterFailure(error, row.attempts, maxBytes, new Date())
      const { status, attempts, nextAt } = outcome
      log.warn({ sessionId: session.owner.sessionId, err: error, status, attempts, nextAt }, 'a file was not fetched')
      return outcome
    }
  }
}
