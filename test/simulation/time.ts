/**
 * Virtual time: a queue of what is to happen, each thing in the name of a process. One step takes the earliest out, lets it
 * happen, and waits until all that follows at once (promises, ticks) is over. Nothing takes any time but waiting.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Heap } from './heap.ts'
import type { Process } from './process.ts'

/** Wall clock at the beginning of each run: 2026-01-01. */
export const EPOCH_MS = Date.UTC(2026, 0, 1)

/** Node's own, before the globals are replaced. */
const afterMicrotasks = setImmediate

/** Something that will happen. */
export interface Moment {
  at: number
  order: number
  process: Process
  run: () => void
  isOff: boolean
}

export class Time {
  /** True milliseconds since the beginning; no process sees them. */
  now = 0
  steps = 0
  readonly #queue = new Heap<Moment>((a, b) => a.at - b.at || a.order - b.order)
  readonly #context = new AsyncLocalStorage<Process>()
  #order = 0

  /** In whose name something happens now; undefined: outside of the simulation. */
  get process(): Process | undefined {
    return this.#context.getStore()
  }

  /** `run` happens in `ms` true milliseconds, unless the process has died by then; later, if it stands still. */
  after(ms: number, process: Process, run: () => void): Moment {
    const moment: Moment = { at: this.now + Math.max(0, ms), order: this.#order++, process, run, isOff: false }
    this.#queue.push(moment)
    return moment
  }

  /** What was put off while the process stood still happens now, in its order. */
  wake(process: Process): void {
    for (const { isOff, run } of process.wake()) if (!isOff) this.after(0, process, run)
  }

  /** In the name of a process, from outside. */
  within<T>(process: Process, run: () => T): T {
    return this.#context.run(process, run)
  }

  /** One thing happens; false: nothing is left, or only what comes later than `until`. */
  async step(until: number): Promise<boolean> {
    const moment = this.#queue.peek()
    if (!moment || moment.at > until) {
      this.now = until
      return false
    }
    this.#queue.pop()
    this.now = moment.at
    const { process, isOff, run } = moment
    if (isOff || !process.isAlive) return true
    if (process.isPaused) {
      process.putOff(moment)
      return true
    }
    this.steps++
    this.#context.run(process, run)
    await new Promise<void>((resolve) => afterMicrotasks(resolve))
    return true
  }
}
