/** How busy workers are in the mean of the last half minute, from what their boots say every few seconds. */
import type { LoadView } from '@berth/core/placement/snapshot.ts'
import type { LeaseRow } from './poll.ts'

const MEMORY_MS = 30_000
const NOTHING: LoadView = { messagesPerSecond: 0, loopLagMs: 0, memoryPercent: 0 }

/** After `passedMs` in which it was `now`, the past counts less. A boot begins at nothing: a busy start is no load. */
export function smoothed(before: LoadView, now: LoadView, passedMs: number): LoadView {
  const weight = 1 - Math.exp(-passedMs / MEMORY_MS)
  const mix = (a: number, b: number) => a + (b - a) * weight
  return {
    messagesPerSecond: mix(before.messagesPerSecond, now.messagesPerSecond),
    loopLagMs: mix(before.loopLagMs, now.loopLagMs),
    memoryPercent: mix(before.memoryPercent, now.memoryPercent),
  }
}

export class Loads {
  /** By boot. */
  #known = new Map<string, LoadView>()
  #at: number | undefined

  /** `now`: monotonic milliseconds. */
  observe(leases: readonly LeaseRow[], now: number): void {
    const passedMs = now - (this.#at ?? now)
    this.#at = now
    const living = leases.flatMap(({ open, bootId, load }) => (open && load ? [[bootId, load] as const] : []))
    this.#known = new Map(
      living.map(([bootId, load]) => [bootId, smoothed(this.#known.get(bootId) ?? NOTHING, load, passedMs)]),
    )
  }

  /** undefined: it has not said so far, or is of a release that does not. */
  of(bootId: string | undefined): LoadView | undefined {
    return this.#known.get(bootId ?? '')
  }
}
