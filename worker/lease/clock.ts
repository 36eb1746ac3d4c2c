/**
 * What the lease thread and the main thread share, without waiting for each other's event loops: a counter that shows the
 * main loop to be alive, the time of the last good renewal, and how busy the process was when it was measured last.
 */
import type { WorkerLoad } from '@berth/core/postgres/load.ts'

/** Monotonic, in milliseconds, and the same for all threads of the process (performance.now() is not). */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

const BEATS = 0
const RENEWED_AT = 1
const MEASUREMENTS = 2
const CELLS = 3
const FIGURES = ['messagesPerSecond', 'loopLagMs', 'memoryPercent'] as const

export class LeaseClock {
  readonly #cells: BigInt64Array
  readonly #figures: Float64Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(8 * (CELLS + FIGURES.length))) {
    this.#cells = new BigInt64Array(buffer, 0, CELLS)
    this.#figures = new Float64Array(buffer, 8 * CELLS)
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

  measured(load: WorkerLoad): void {
    for (const [index, figure] of FIGURES.entries()) this.#figures[index] = load[figure]
    Atomics.add(this.#cells, MEASUREMENTS, 1n)
  }

  /** How often it was measured. */
  get measurements(): bigint {
    return Atomics.load(this.#cells, MEASUREMENTS)
  }

  /** Of the last measurement; read in the middle of one, some figures may be of the one before. */
  get load(): WorkerLoad {
    const [messagesPerSecond, loopLagMs, memoryPercent] = this.#figures
    return { messagesPerSecond: messagesPerSecond!, loopLagMs: loopLagMs!, memoryPercent: memoryPercent! }
  }
}
