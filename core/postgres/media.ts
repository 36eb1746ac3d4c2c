/** Media as their session's owner sees and settles them (migration 0010), and what is left to tidy up. */
import type pg from 'pg'
import type { MediaStatus } from './tables.ts'

type Queryable = Pick<pg.Pool, 'query'>

/** Who writes: the fence. */
interface Owner {
  sessionId: string
  epoch: number
}

/** A received file that is to be fetched. */
export interface PendingMedia {
  id: string
  /** Type of its message. */
  type: string
  chat: string
  whatsapp_id: string
  from_me: boolean
  sender_lid: string | null
  sender_phone: string | null
  /** As the driver put it into its message. */
  source: Record<string, unknown>
  /** Tries that failed. */
  attempts: number
  next_at: Date
  /** What the tenant's tier allows; null: its tier is not there, or an older one. */
  max_bytes: number | null
}

/** Those of the sessions that something is to be fetched for. */
export const sessionsWithMedia = async (db: Queryable, bootId: string, sessionIds: string[]): Promise<string[]> =>
  (await db.query<{ id: string }>('SELECT sessions_with_media($1, $2) AS id', [bootId, sessionIds])).rows.map(
    ({ id }) => id,
  )

/** Oldest first. */
export const loadMedia = async (
  db: Queryable,
  bootId: string,
  sessionId: string,
  limit: number,
): Promise<PendingMedia[]> =>
  (await db.query<PendingMedia>('SELECT * FROM load_media($1, $2, $3)', [bootId, sessionId, limit])).rows

/** How a try to fetch a file went. */
export interface MediaOutcome {
  status: MediaStatus
  attempts: number
  /** Pending: not before then. */
  nextAt?: Date
  size?: number
  sha256?: Buffer
  errorCode?: string
  errorMessage?: string
  /** Where it is now, when the provider has it elsewhere. */
  source?: Record<string, unknown>
}

/** Answers false, and writes nothing, when the session has another owner. Can be repeated. */
export async function settleMedia(
  db: Queryable,
  bootId: string,
  { sessionId, epoch }: Owner,
  mediaId: string,
  outcome: MediaOutcome,
): Promise<boolean> {
  const { status, attempts, nextAt = new Date(), size, sha256, errorCode, errorMessage, source } = outcome
  const shown = status === 'pending' ? {} : { status, size, sha256: sha256?.toString('hex'), error: errorCode }
  const result = await db.query<{ held: boolean }>(
    'SELECT settle_media($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS held',
    [
      bootId,
      sessionId,
      epoch,
      mediaId,
      status,
      size,
      sha256,
      attempts,
      nextAt,
      errorCode,
      errorMessage,
      JSON.stringify(shown),
      source && JSON.stringify(source),
    ],
  )
  return result.rows[0]!.held
}

export interface MediaToSend {
  mime_type: string
  file_name: string | null
  size: number
}

/** A stored medium of the session's tenant; undefined: there is none. */
export async function mediaToSend(
  db: Queryable,
  bootId: string,
  sessionId: string,
  mediaId: string,
): Promise<MediaToSend | undefined> {
  const values = [bootId, sessionId, mediaId]
  return (await db.query<MediaToSend>('SELECT * FROM media_to_send($1, $2, $3)', values)).rows[0]
}

/** Keeps where the file of a message was uploaded to. Answers false when the session has another owner. */
export async function keepSource(
  db: Queryable,
  bootId: string,
  { sessionId, epoch }: Owner,
  whatsappId: string,
  source: Record<string, unknown>,
): Promise<boolean> {
  const result = await db.query<{ held: boolean }>('SELECT keep_source($1, $2, $3, $4, $5) AS held', [
    bootId,
    sessionId,
    epoch,
    whatsappId,
    JSON.stringify(source),
  ])
  return result.rows[0]!.held
}

/** Ids whose bytes nobody needs, at most `limit`; uploads that broke off before that time are among them. */
export const mediaToForget = async (db: Queryable, brokenOffBefore: Date, limit: number): Promise<string[]> =>
  (await db.query<{ id: string }>('SELECT * FROM media_to_forget($1, $2) AS id', [brokenOffBefore, limit])).rows.map(
    ({ id }) => id,
  )

/** The store has forgotten them: an hour later once more, since what was under way then may have come after it. */
export async function mediaForgotten(db: Queryable, ids: string[]): Promise<void> {
  await db.query('SELECT media_forgotten($1)', [ids])
}
