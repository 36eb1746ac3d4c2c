/**
 * How busy a worker is beside what its tier allows: 1 is the target. One that has reached it is *hot*, until it is well
 * below again, so that it does not change with every message.
 */
import type { TierView, WorkerView } from './snapshot.ts'

/** Until it is below this. */
const COOL = 0.8
/** What a worker that others move to may reach: far from hot, whoever of them makes the load. */
export const COMFORTABLE = 0.7

/** The greatest of its figures as a share of its target; 0 while nothing was measured. */
export function heatOf({ load }: WorkerView, { target }: TierView): number {
  if (!load) return 0
  return Math.max(
    load.messagesPerSecond / target.messagesPerSecond,
    load.loopLagMs / target.loopLagMs,
    load.memoryPercent / target.memoryPercent,
  )
}

export const isHot = (worker: WorkerView, tier: TierView): boolean =>
  heatOf(worker, tier) >= (worker.hotSince === undefined ? 1 : COOL)
