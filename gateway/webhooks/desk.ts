/**
 * What a process holds of one endpoint: what waits to be told, what is on its way, and what has come of it but may not stand
 * in the database yet.
 *
 * A delivery is *waiting* from when it was loaded until it goes out, then *known* until a load that began after its outcome
 * was written: what such a load still shows as open is really open. While it is known and not told, its lane is busy, so
 * that nothing overtakes it; one that is late has no lane. Nothing goes out once the lease may have ended.
 */
import type { HeldEndpoint, OpenDelivery } from '@berth/core/postgres/webhooks.ts'
import { atOnceAfter, atOnceOf, nextOf, type Waiting } from './lanes.ts'

/** Ready to be sent. */
export interface Letter extends Waiting {
  delivery: OpenDelivery
  body: string
}

interface Known {
  /** undefined: nothing waits for it. */
  lane: string | undefined
  isWritten: boolean
}

/** So many are enough for now. */
const ENOUGH = 20

export class Desk {
  endpoint: HeldEndpoint
  isFailing: boolean
  /** The last load was full: there is more. */
  hasMore = false
  underWay = 0
  /** By the clock of performance.now(). */
  #heldUntil: number
  #idleSince: number
  #atOnce: number | undefined
  #waiting: Letter[] = []
  readonly #known = new Map<number, Known>()

  constructor(endpoint: HeldEndpoint, now: number, heldUntil: number) {
    this.endpoint = endpoint
    this.isFailing = endpoint.failing_since !== null
    this.#idleSince = now
    this.#heldUntil = heldUntil
  }

  /** It is still held, and this is how it is now. */
  renew(endpoint: HeldEndpoint, heldUntil: number): void {
    this.endpoint = endpoint
    this.#heldUntil = heldUntil
  }

  /** It is held no more, or is to be told nothing: what is on its way ends by itself. */
  drop(): void {
    this.#heldUntil = Number.NEGATIVE_INFINITY
    this.#waiting = []
  }

  get wantsMore(): boolean {
    return this.#waiting.length < ENOUGH
  }

  /** Before a load: what it is to forget afterwards. */
  written(): number[] {
    return [...this.#known].filter(([, { isWritten }]) => isWritten).map(([number]) => number)
  }

  /** Whether a loaded delivery is new here. */
  isNew(number: number): boolean {
    return !this.#known.has(number) && !this.#waiting.some((letter) => letter.number === number)
  }

  /** After a load. `written` is what was so before it. */
  add(letters: Letter[], written: number[]): void {
    for (const number of written) this.#known.delete(number)
    this.#waiting = [...this.#waiting, ...letters].sort((a, b) => a.number - b.number)
  }

  /** Takes what goes out now: at most `room`. */
  take(now: number, room: number): Letter[] {
    if (now >= this.#heldUntil) return []
    const busy = new Set([...this.#known.values()].flatMap(({ lane }) => lane ?? []))
    const chosen = nextOf(this.#waiting, busy, Math.min(room, atOnceOf(this.#atOnce) - this.underWay))
    if (chosen.length === 0) return []
    this.#waiting = this.#waiting.filter((letter) => !chosen.includes(letter))
    for (const { number, lane, late } of chosen) {
      this.#known.set(number, { lane: late ? undefined : lane, isWritten: false })
    }
    this.underWay += chosen.length
    return chosen
  }

  /** `late`: it has left its lane, or has none. */
  settle({ number, lane }: Letter, { succeeded, late }: { succeeded: boolean; late: boolean }, now: number): void {
    this.underWay--
    this.#idleSince = now
    this.#atOnce = atOnceAfter(this.#atOnce, succeeded)
    if (succeeded || late) this.#known.get(number)!.lane = undefined
    else this.#waiting = this.#waiting.filter((letter) => letter.late || letter.lane !== lane)
  }

  /** The outcome stands in the database. */
  noteWritten(number: number): void {
    const known = this.#known.get(number)
    if (known) known.isWritten = true
  }

  /** Nothing is on its way or to be written, for so long. */
  idleFor(now: number): number {
    const isIdle = this.underWay === 0 && this.#waiting.length === 0 && this.written().length === this.#known.size
    return isIdle ? now - this.#idleSince : 0
  }
}
