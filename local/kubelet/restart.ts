/** When a container that ended is started again. Pure. */
import type { PodSpec } from '@berth/core/model/builtin.ts'

const FIRST_DELAY_MS = 10_000
const MAX_DELAY_MS = 300_000
/** Who has run for so long has recovered. */
const FORGIVEN_AFTER_MS = 600_000

/**
 * How long to wait before the next start, as the kubelet does: at once the first time, then 10 s, doubled up to 5 min.
 * @param lastDelayMs the wait before the run that has just ended; undefined: it was the first run
 * @param ranMs how long it ran
 */
export function restartDelay(lastDelayMs: number | undefined, ranMs: number): number {
  if (lastDelayMs === undefined || ranMs >= FORGIVEN_AFTER_MS) return 0
  if (lastDelayMs === 0) return FIRST_DELAY_MS
  return Math.min(lastDelayMs * 2, MAX_DELAY_MS)
}

/** Is it started again at all? */
export const restarts = (policy: PodSpec['restartPolicy'], exitCode: number): boolean =>
  policy === 'Never' ? false : policy === 'OnFailure' ? exitCode !== 0 : true
