/**
 * Whether the loss of one host would take all of a tier's spare workers along, where it need not. Then one more is made,
 * which Kubernetes puts on another host if it can; when it is ready there, the one too many goes.
 */
import type { TierView, WorkerView } from './snapshot.ts'

/** `workers`: all of the tier, which are ready and have nothing going on. `spares`: the empty ones among them. */
export function isLopsided(
  { hosts }: TierView,
  workers: readonly WorkerView[],
  spares: readonly WorkerView[],
): boolean {
  const host = spares[0]?.host
  if (!hosts || host === undefined || !hosts.some((other) => other !== host)) return false
  if (spares.some((worker) => worker.host !== host)) return false
  // A single spare is well placed wherever it is away from somebody.
  return spares.length > 1 || (workers.length > 1 && workers.every((worker) => worker.host === host))
}
