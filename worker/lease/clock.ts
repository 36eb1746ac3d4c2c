/**
 * What the lease thread and the main thread share, without waiting for each other's event loops: a counter that shows the
 * main loop to be alive, and the time of the last good renewal.
 */

/** Monotonic, in milliseconds, and the same for all threads of the process (performance.now() is not). */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

const BEATS = 0
const RENEWED_AT = 1

export class LeaseClock {
  readonly #cells: BigInt64Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.#cells = new BigInt64Array(buffer)
  }

  get buffer(): SharedArrayBuffer {
    return this.#cells.buffer as SharedArrayBuffer
  }

  beat(): void {
    Atomics.add(this.#cells, BEATS, 1n)
  }

  get beats(): bigint {
    return Atomics.load(this.#cells, BEATS)
  }

  renewed(at: number): void {
    Atomics.store(this.#cells, RENEWED_AT, BigInt(Math.floor(at)))
  }

  /** When the last good renewal was sent; 0: never. */
  get renewedAt(): number {
    return Number(Atomics.load(this.#cells, RENEWED_AT))
  }
}
