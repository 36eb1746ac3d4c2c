/** Which calls are tried again, and when. Pure. */

export interface Failure {
  /** The call may be carried out twice without harm: a read, PUT, DELETE, or a send with its Idempotency-Key. */
  repeatable: boolean
  /** Of the answer; undefined: none came. */
  status: number | undefined
  /** Seconds, as the answer said. */
  retryAfter: number | undefined
  /** How many times it was tried, this time included. */
  tries: number
}

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5000
/** Who is asked to wait longer than this should know about it. */
const MAX_RETRY_AFTER_SECONDS = 30

const PASSING = new Set([502, 503, 504])

/**
 * Milliseconds to wait before the next try; undefined: there is none. A 429 was not carried out, so that every call can be
 * tried again.
 * @param random from 0 to 1, so that clients that failed together don't come back together
 */
export function pauseBefore({ repeatable, status, retryAfter, tries }: Failure, random: number): number | undefined {
  const passes = status === 429 || (repeatable && (status === undefined || PASSING.has(status)))
  if (!passes) return undefined
  if (retryAfter !== undefined) {
    return retryAfter <= MAX_RETRY_AFTER_SECONDS ? retryAfter * 1000 + random * FIRST_PAUSE_MS : undefined
  }
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS)
  return longest * (0.5 + random / 2)
}
