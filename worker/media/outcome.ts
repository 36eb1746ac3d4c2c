/** What becomes of a received file after a try to fetch it. Pure. */

import { backoffMs } from '@berth/core/kube/backoff.ts'
import { MediaRefused } from '@berth/core/media/store.ts'
import type { MediaOutcome } from '@berth/core/postgres/media.ts'
import { MediaGone } from '../drivers/driver.ts'

const BACKOFF = { baseMs: 2000, maxMs: 10 * 60_000 }
/** Over an hour. */
const MAX_ATTEMPTS = 12
/** A file that came broken may have been broken on its way. */
const MAX_DAMAGED = 3

const MEGABYTE = 1024 * 1024

/** @param attempts that failed before */
export function afterFailure(error: unknown, attempts: number, maxBytes: number, now: Date): MediaOutcome {
  const failed = attempts + 1
  const giveUp = (errorCode: string, errorMessage: string): MediaOutcome => ({
    status: 'failed',
    attempts: failed,
    errorCode,
    errorMessage,
  })
  if (error instanceof MediaRefused && error.code === 'too_large') {
    return giveUp('too_large', `The file is larger than the tier allows: ${Math.floor(maxBytes / MEGABYTE)} MB.`)
  }
  if (error instanceof MediaGone) {
    return giveUp('gone', 'WhatsApp has the file no more, and the phone could not upload it again. Ask for it anew.')
  }
  if (error instanceof MediaRefused && failed >= MAX_DAMAGED) {
    return giveUp('damaged', 'The file is not the one that its message announces. Ask the sender to send it again.')
  }
  if (failed >= MAX_ATTEMPTS) {
    return giveUp(
      'unreachable',
      'The file could not be fetched for more than an hour. Ask the sender to send it again.',
    )
  }
  return { status: 'pending', attempts: failed, nextAt: new Date(now.getTime() + backoffMs(failed, BACKOFF)) }
}
