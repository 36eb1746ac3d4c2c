// What a load has brought about so far, and how fast it's going now.
import type { NewEntry } from '../state/ledger.ts'

/** "Per second" is over this many whole seconds. */
const WINDOW_S = 10
/** Messages whose receipt is awaited, and times to receipt that percentiles are made of: the latest. */
const KEPT = 10_000

/** Counts things and says how many there were lately. */
export class Meter {
  total = 0
  /** One for each second of the window, and the running one. */
  readonly #seconds = new Map<number, number>()

  add(now: number): void {
    const second = Math.floor(now / 1000)
    this.total++
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + 1)
    for (const old of this.#seconds.keys()) {
      if (old >= second - WINDOW_S) break
      this.#seconds.delete(old)
    }
  }

  /** Over the last whole seconds. */
  perSecond(now: number): number {
    const running = Math.floor(now / 1000)
    let sum = 0
    for (const [second, count] of this.#seconds) if (second < running && second >= running - WINDOW_S) sum += count
    return sum / WINDOW_S
  }
}

/** How long messages took from the writer's phone to the device's receipt. */
export class Latency {
  readonly #written = new Map<string, number>()
  readonly #took: number[] = []
  #next = 0

  written(id: string, now: number): void {
    this.#written.set(id, now)
    if (this.#written.size > KEPT) this.#written.delete(this.#written.keys().next().value!)
  }

  delivered(id: string, now: number): void {
    const at = this.#written.get(id)
    if (at === undefined) return
    this.#written.delete(id)
    this.#took[this.#next] = now - at
    this.#next = (this.#next + 1) % KEPT
  }

  /** In ms; null before the first receipt. */
  percentile(share: number): number | null {
    const sorted = this.#took.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
  }
}

/** What is counted, by the direction and the event in the ledger. */
const COUNTED = {
  sent: 'to-device:sent',
  delivered: 'to-device:delivered',
  submitted: 'from-device:submitted',
  received: 'from-device:received',
} as const

export type MeterName = keyof typeof COUNTED | 'written'

export class Figures {
  readonly latency = new Latency()
  readonly #meters: Record<MeterName, Meter> = {
    written: new Meter(),
    sent: new Meter(),
    delivered: new Meter(),
    submitted: new Meter(),
    received: new Meter(),
  }
  readonly #names = new Map<string, MeterName>(
    Object.entries(COUNTED).map(([name, event]) => [event, name as MeterName]),
  )

  written(id: string, now: number): void {
    this.#meters.written.add(now)
    this.latency.written(id, now)
  }

  note({ direction, event, message }: NewEntry, now: number): void {
    const name = this.#names.get(`${direction}:${event}`)
    if (!name) return
    this.#meters[name].add(now)
    if (name === 'delivered') this.latency.delivered(message, now)
  }

  totals(): Record<MeterName, number> {
    return this.#each((meter) => meter.total)
  }

  perSecond(now: number): Record<MeterName, number> {
    return this.#each((meter) => meter.perSecond(now))
  }

  #each(read: (meter: Meter) => number): Record<MeterName, number> {
    const { written, sent, delivered, submitted, received } = this.#meters
    return {
      written: read(written),
      sent: read(sent),
      delivered: read(delivered),
      submitted: read(submitted),
      received: read(received),
    }
  }
}
