/**
 * How a worker that was told to stop parts with its sessions. Pure.
 *
 * Either its pod is being deleted: then the operator places its sessions elsewhere at once, and each is kept, connected, until
 * its new worker has asked for it. Or its container is to start again: then nobody asks, and all are released after a
 * moment, in which they were connected still. A worker can't see which it is; it waits for a sign of the former.
 * Sessions that are asked for leave one after another, as quickly as another worker can log them in, so that each is away for
 * its own login and not for that of all before it.
 */

/** Without a sign by then, nobody is going to ask. An operator that is not busy needs a fifth of it. */
export const SIGN_MS = 2_500
/** Whoever was not asked for by then is released. */
export const FAREWELL_MS = 8_000
/** Between two that leave: a login, on one worker. */
const SPACING_MS = 100

export interface Farewell {
  /** Since the worker was told to stop. */
  elapsedMs: number
  /** Since the last one left; Infinity: none has. */
  sinceLastMs: number
  held: number
  /** Of them, those that another worker waits for. */
  wanted: number
  /** A session was placed elsewhere or was asked for, now or before. */
  hasSign: boolean
}

/** `next`: one of those that are wanted leaves now. `all`: release whatever is held. */
export function part({ elapsedMs, sinceLastMs, held, wanted, hasSign }: Farewell): 'wait' | 'next' | 'all' {
  if (elapsedMs >= FAREWELL_MS || (!hasSign && elapsedMs >= SIGN_MS)) return 'all'
  if (wanted === 0) return 'wait'
  return sinceLastMs >= Math.min(SPACING_MS, (FAREWELL_MS - elapsedMs) / held) ? 'next' : 'wait'
}
