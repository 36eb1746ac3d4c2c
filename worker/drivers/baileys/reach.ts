/**
 * Whether WhatsApp can be reached, as the sessions of one worker tell each other: the first one that is let in after an outage
 * calls off the waits of those that had met with silence. How many log in at once is the pace's matter, not this one's.
 */
import { sleep } from '@berth/core/kube/sleep.ts'

/** A server that lets one in and leaves a thousand standing must not be asked by all of them each time. */
const CALL_EVERY_MS = 10_000

export class Reach {
  #called = new AbortController()
  #calledAt = -Infinity

  /** WhatsApp has let a session in. `now`: monotonic milliseconds. */
  answered(now: number): void {
    if (now - this.#calledAt < CALL_EVERY_MS) return
    this.#calledAt = now
    const called = this.#called
    this.#called = new AbortController()
    called.abort()
  }

  /** Waits so long, or until WhatsApp lets another session in; throws the reason of `stopping`. */
  async wait(ms: number, stopping: AbortSignal): Promise<void> {
    await sleep(ms, AbortSignal.any([stopping, this.#called.signal])).catch(() => stopping.throwIfAborted())
  }
}

/** Of this worker. */
export const reach = new Reach()
