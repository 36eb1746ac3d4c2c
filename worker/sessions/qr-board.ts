/**
 * The codes that a session offers: the newest one, who waits for a newer one, and whether anybody looks at all. In memory
 * only, never logged.
 */
import type { QrCode } from '../drivers/driver.ts'

/** Longer than the first code of a connection lives: who shows that one need not ask again meanwhile. */
const LOOK_MS = 90_000

export interface NumberedCode extends QrCode {
  /** Counts the codes of this boot and session. */
  number: number
}

export class QrBoard {
  readonly #now: () => number
  #current: NumberedCode | undefined
  #number = 0
  readonly #waiting = new Set<() => void>()
  #lookedAt = Number.NEGATIVE_INFINITY

  /** @param now milliseconds, of a clock that only goes on */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Somebody wants to see a code. */
  look(): void {
    this.#lookedAt = this.#now()
  }

  /** Somebody waits for a code, or asked for one lately. */
  get isLookedAt(): boolean {
    return this.#waiting.size > 0 || this.#now() - this.#lookedAt < LOOK_MS
  }

  offer(code: QrCode): void {
    this.#current = { ...code, number: ++this.#number }
    this.#tell()
  }

  /** There is nothing to scan any more. */
  clear(): void {
    this.#current = undefined
    this.#tell()
  }

  /** The code there is, if its number is higher and it can still be scanned. */
  newerThan(number: number, now: Date): NumberedCode | undefined {
    const code = this.#current
    return code && code.number > number && code.expiresAt > now ? code : undefined
  }

  /** Resolves at the next change, or when the signal is aborted. */
  async changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    this.#waiting.delete(resolve)
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve()
  }
}
