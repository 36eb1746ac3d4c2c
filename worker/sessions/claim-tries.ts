/**
 * Sessions that could not be claimed, and when to try again: often as long as their holder may be about to let them go, as each
 * wait is a gap for somebody; then each second.
 */

/** A holder that saw the same placement is closing its connection. */
const AT_FIRST = { forMs: 1_000, waitMs: 100 }
/** A holder that stops gives its sessions back one by one. */
const OFTEN = { forMs: 10_000, waitMs: 250 }
const MAX_WAIT_MS = 1000
const MIN_WAIT_MS = 10

export class ClaimTries {
  /** When it failed first, and when to try again (performance.now()). */
  readonly #tries = new Map<string, { since: number; notBefore: number }>()

  isDue(sessionId: string): boolean {
    return (this.#tries.get(sessionId)?.notBefore ?? 0) <= performance.now()
  }

  failed(sessionId: string): void {
    const now = performance.now()
    const since = this.#tries.get(sessionId)?.since ?? now
    const { waitMs } = [AT_FIRST, OFTEN].find(({ forMs }) => now - since < forMs) ?? { waitMs: MAX_WAIT_MS }
    this.#tries.set(sessionId, { since, notBefore: now + waitMs })
  }

  succeeded(sessionId: string): void {
    this.#tries.delete(sessionId)
  }

  /** It was ours and is not any more: whoever took it is left alone for a while. */
  lost(sessionId: string): void {
    const now = performance.now()
    this.#tries.set(sessionId, { since: now - OFTEN.forMs, notBefore: now + MAX_WAIT_MS })
  }

  keepOnly(wanted: ReadonlySet<string>): void {
    for (const sessionId of this.#tries.keys()) if (!wanted.has(sessionId)) this.#tries.delete(sessionId)
  }

  /** In how many milliseconds the next one is due; undefined: none waits. */
  get untilNextMs(): number | undefined {
    const waits = [...this.#tries.values()].map(({ notBefore }) => notBefore - performance.now())
    return waits.length > 0 ? Math.max(MIN_WAIT_MS, Math.min(...waits)) : undefined
  }
}
