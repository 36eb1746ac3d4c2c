/** The file that a message is to carry: one that is stored, or one that is fetched and stored now. */
import type { Readable } from 'node:stream'
import type { ByteRange } from '@berth/core/media/store.ts'
import type { Caller } from '../auth.ts'
import type { Context } from '../context.ts'
import { findMedia, type MediaRow } from '../data/media.ts'
import { Problem } from '../problems/problem.ts'
import { requireStore, storeProblem } from './keep.ts'

const RETRY_AFTER_SECONDS = 2

export interface NamedFile {
  id?: string | undefined
  url?: string | undefined
  fileName?: string | undefined
}

/** Throws Problem media_not_found, media_pending, media_failed, media_too_large, media_url_failed, media_unavailable. */
export async function fileOf(context: Context, caller: Caller, { id, url, fileName }: NamedFile): Promise<MediaRow> {
  const { database, store, limits, urls, intake } = context
  requireStore(store)
  const { tenantId } = caller
  if (url === undefined) return requireStored(await findMedia(database, tenantId, id!))
  const { mediaBytes } = await limits.of(caller.tier)
  const { bytes, declaredType, fileName: nameThere } = await urls.fetch(url, mediaBytes)
  return intake.take({ tenantId, bytes, maxBytes: mediaBytes, declaredType, fileName: fileName ?? nameThere })
}

/** The bytes of a stored file, or a part of them; to be read or destroyed. Throws Problem media_unavailable. */
export async function openFile(
  { store, log }: Pick<Context, 'store' | 'log'>,
  id: string,
  part?: ByteRange,
): Promise<Readable> {
  const found = await requireStore(store)
    .get(id, part)
    .catch((error) => {
      throw storeProblem(log, error)
    })
  if (!found)
    throw new Problem('media_unavailable', { detail: 'The store does not have the file.', retryAfterSeconds: 60 })
  return found
}

/** Throws Problem media_not_found, media_pending, media_failed. */
export function requireStored(row: MediaRow | undefined): MediaRow {
  if (!row) throw new Problem('media_not_found')
  if (row.status === 'pending') throw new Problem('media_pending', { retryAfterSeconds: RETRY_AFTER_SECONDS })
  if (row.status === 'failed') throw new Problem('media_failed', row.error_message ? { detail: row.error_message } : {})
  return row
}
