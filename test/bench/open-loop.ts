/** Work at a fixed rate. */
import { setTimeout as delay } from 'node:timers/promises'

export interface Rate {
  perSecond: number
  seconds: number
}

/**
 * Begins at fixed times, whether or not what was begun earlier has ended: a slow answer can't hide those behind it.
 * @param work gets its number, and when it was due, in milliseconds since `performance.timeOrigin`
 */
export function openLoop<T>(
  { perSecond, seconds }: Rate,
  work: (i: number, dueAt: number) => Promise<T>,
): Promise<T[]> {
  const startedAt = performance.now()
  const begun = Array.from({ length: perSecond * seconds }, async (_, i) => {
    const dueAt = startedAt + (i * 1000) / perSecond
    await delay(Math.max(0, dueAt - performance.now()))
    return work(i, dueAt)
  })
  return Promise.all(begun)
}
