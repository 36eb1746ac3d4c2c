/**
 * When a delivery is tried again. Pure.
 *
 * It is tried at once; after a failure with pauses that grow by three times each, up to six hours. For three minutes its
 * lane waits for it, so that short troubles change no order. Then it is late: the lane goes on, and it is tried beside it.
 * After 72 hours it is dead, which is shown, and can be replayed.
 */

const FIRST_PAUSE_MS = 5_000
const GROWTH = 3
const MAX_PAUSE_MS = 6 * 3_600_000
/** For so long a lane waits. */
export const HOLD_MS = 180_000
export const GIVE_UP_MS = 72 * 3_600_000
/** So much of a pause is left to chance, so that what failed together does not come back together. */
const JITTER = 0.2

export interface FailedTry {
  /** This one included. */
  tries: number
  /** Since the first one, in milliseconds. */
  sinceMs: number
  /** What the receiver asked for, in milliseconds. */
  retryAfterMs?: number
  late: boolean
}

export type Verdict = { status: 'dead' } | { status: 'pending'; waitMs: number; late: boolean }

/** @param random from 0 to below 1 */
export function afterFailure({ tries, sinceMs, retryAfterMs = 0, late }: FailedTry, random: number): Verdict {
  if (sinceMs >= GIVE_UP_MS) return { status: 'dead' }
  const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * GROWTH ** (tries - 1))
  const asked = Math.min(MAX_PAUSE_MS, retryAfterMs)
  const waitMs = Math.min(Math.max(pause * (1 - JITTER * random), asked), GIVE_UP_MS - sinceMs)
  return { status: 'pending', waitMs: Math.ceil(waitMs), late: late || sinceMs + waitMs > HOLD_MS }
}

/** `Retry-After` as milliseconds from `now` on; undefined: there is none that can be read. */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const at = header.endsWith(' GMT') ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
