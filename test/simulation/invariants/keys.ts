/** What WhatsApp has seen of each session's ratchet: no step of it is ever used a second time. */
import type { Violation } from './violation.ts'

/** Where a chain of keys stands. Another chain is a new beginning. */
export interface Step {
  chain: string
  step: number
}

export class Keys {
  readonly #violation: Violation
  /** Session → chain → its last step. */
  readonly #used = new Map<string, Map<string, number>>()

  constructor(violation: Violation) {
    this.#violation = violation
  }

  /** A message went out under this key. */
  used(sessionId: string, { chain, step }: Step, by: string): void {
    const steps = this.#used.get(sessionId) ?? new Map<string, number>()
    const last = steps.get(chain) ?? 0
    if (step <= last) this.#violation('keys', `${by} used key ${step} of session ${sessionId} again, after ${last}`)
    this.#used.set(sessionId, steps.set(chain, Math.max(step, last)))
  }

  /** What went out so far does not count any more. */
  forgive(): void {
    this.#used.clear()
  }
}
