/**
 * The pace of planned moves: when sessions leave workers that work (drained, deleted, too hot, of another tier), only so many
 * of a tier are on their way at the same time. Who has lost its worker waits for nobody, and is waited for.
 */
import type { Party } from './admission.ts'
import type { SessionView, TierView } from './snapshot.ts'

export class Pace {
  #left: number

  /** `parties`: those of the tier. One that is not claimed in the time of an update keeps the others no longer. */
  constructor({ maxMoving, update }: TierView, parties: readonly Party[], now: number) {
    const moving = parties.flatMap(({ sessions }) =>
      sessions.filter(
        (session) => isUnclaimed(session) && now - (session.placement!.since ?? -Infinity) < update.deadlineMs,
      ),
    )
    this.#left = maxMoving - moving.length
  }

  /** May one more go? */
  take(): boolean {
    return this.#left-- > 0
  }
}

/** Placed, and not taken up there. */
export const isUnclaimed = ({ placement, owner }: SessionView): boolean =>
  placement !== undefined && owner?.heldBy !== placement.worker
