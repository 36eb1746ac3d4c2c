// Randomness: the machine's own or, with a seed, the same each time.
import { createHash, randomBytes } from 'node:crypto'

export class Random {
  readonly #seed: string | undefined
  #drawn = 0

  /** @param seed what is drawn repeats with it; without one nothing does */
  constructor(seed?: string) {
    this.#seed = seed
  }

  /** At most 32. */
  bytes(length: number): Buffer {
    if (this.#seed === undefined) return randomBytes(length)
    return createHash('sha256')
      .update(`${this.#seed} ${this.#drawn++}`)
      .digest()
      .subarray(0, length)
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    return this.bytes(6).readUIntBE(0, 6) / 2 ** 48
  }

  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** How long until the next of many events that don't know of each other, `mean` apart on the average. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean
  }
}
