/**
 * Postgres went back: who knew of what is gone? Whoever lives, was asked and knew must have been heard: then it is repaired.
 * When it is confirmed as it is, what is gone was known to nobody any more. That is the loss that docs/operations.md admits.
 */
import type { Landed } from '../postgres/history.ts'
import type { Process } from '../process.ts'

/** What a worker vouches for. Of a claim nothing was done before its first commit. */
const OF_WORKERS = ['write_commit']
/** What the operator that leads compares. */
const OF_OPERATORS = ['poll', 'raise the mark']

export class LossAccount {
  #lost: readonly Landed[] = []
  /** Postgres went back, and nobody has said yet what is to become of it. */
  isOpen = false
  /** How often it went back, and how often that was repaired. */
  readonly counts = { losses: 0, repairs: 0 }

  wentBack(lost: readonly Landed[]): void {
    this.#lost = [...this.#lost, ...lost]
    this.isOpen = true
    this.counts.losses++
  }

  /**
   * Answers who knew better. `by`: the operator. `hasVouched`: whether the boot of this process said that nothing is missing.
   */
  confirmed(by: Process, hasVouched: (process: Process) => boolean): Landed[] {
    const knew = this.#lost.filter(({ isKnown, process, what }) => {
      if (!isKnown || !process.isAlive) return false
      return process === by ? OF_OPERATORS.includes(what) : OF_WORKERS.includes(what) && hasVouched(process)
    })
    this.#close()
    return knew
  }

  repaired(): void {
    this.counts.repairs++
    this.#close()
  }

  #close(): void {
    this.#lost = []
    this.isOpen = false
  }
}
