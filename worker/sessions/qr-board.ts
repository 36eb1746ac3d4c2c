/** The codes that a session offers: the newest one, and who waits for a newer one. In memory only, never logged. */
import type { QrCode } from '../drivers/driver.ts'

export interface NumberedCode extends QrCode {
  /** Counts the codes of this boot and session. */
  number: number
}

export class QrBoard {
  #current: NumberedCode | undefined
  #number = 0
  #waiting: (() => void)[] = []

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
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
