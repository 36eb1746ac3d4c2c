/** Sessions that could not be claimed, and when to try again: after 100 ms, then later and later, each second at most. */

const WAIT_MS = 100
const MAX_WAIT_MS = 1000
const MIN_WAIT_MS = 10

export class ClaimTries {
  /** How often it failed, and when to try again (performance.now()). */
  readonly #tries = new Map<string, { failures: number; notBefore: number }>()

  isDue(sessionId: string): boolean {
    return (this.#tries.get(sessionId)?.notBefore ?? 0) <= performance.now()
  }

  failed(sessionId: string): void {
    const failures = (this.#tries.get(sessionId)?.failures ?? 0) + 1
    const waitMs = Math.min(MAX_WAIT_MS, WAIT_MS * 2 ** Math.min(failures - 1, 10))
    this.#tries.set(sessionId, { failures, notBefore: performance.now() + waitMs })
  }

  succeeded(sessionId: string): void {
    this.#tries.delete(sessionId)
  }

  /** It was ours and is not any more: whoever took it is left alone for a while. */
  lost(sessionId: string): void {
    this.#tries.set(sessionId, { failures: 1, notBefore: performance.now() + MAX_WAIT_MS })
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
