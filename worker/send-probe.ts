/**
 * Whether what a session sends arrives at the provider. A connection may look alive and swallow all that is sent: messages come in,
 * pings are answered, and nothing that goes out is ever confirmed.
 *
 * Fine → (for 30 s something is out, and nothing was confirmed) degraded: its connection is made anew → confirmed: fine again.
 * When a new connection does not help, the next one is made after twice as long, half an hour at most. Pure.
 */

export interface ProbeMemory {
  /** Connections made anew since something was confirmed last, and when the last one was. */
  restarts: number
  restartedAt: number
  degraded: boolean
}

export const FINE: ProbeMemory = { restarts: 0, restartedAt: Number.NEGATIVE_INFINITY, degraded: false }

const UNCONFIRMED_MS = 30_000
const FIRST_WAIT_MS = 60_000
const LONGEST_WAIT_MS = 30 * 60_000

/**
 * @param sight unconfirmedSince: since when something is out without anything being confirmed, on this connection; undefined:
 *   nothing is. open: messages that are not settled
 * @param now on the same clock, in milliseconds
 */
export function probe(
  memory: ProbeMemory,
  sight: { unconfirmedSince: number | undefined; open: number; confirmed: boolean },
  now: number,
): { memory: ProbeMemory; restart: boolean } {
  // With nothing left to be sent, nothing is known to be wrong.
  if (sight.confirmed || sight.open === 0) return { memory: FINE, restart: false }
  const { unconfirmedSince } = sight
  if (unconfirmedSince === undefined || now - unconfirmedSince < UNCONFIRMED_MS) return { memory, restart: false }
  const waitMs = memory.restarts === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (memory.restarts - 1), LONGEST_WAIT_MS)
  if (now - memory.restartedAt < waitMs) return { memory: { ...memory, degraded: true }, restart: false }
  return { memory: { restarts: memory.restarts + 1, restartedAt: now, degraded: true }, restart: true }
}
