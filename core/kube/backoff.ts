/** How long to wait before trying again. */

export interface Backoff {
  /** The first wait, in milliseconds. */
  baseMs: number
  maxMs: number
}

/**
 * The wait after the given number of failures in a row (from 1): doubled each time up to the maximum, of which a random
 * half is taken off, so that many clients don't come back at the same instant.
 */
export function backoffMs(failures: number, { baseMs, maxMs }: Backoff, random: () => number = Math.random): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30))
  return full * (1 - random() / 2)
}
