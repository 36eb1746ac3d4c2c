/**
 * Time and chance of the whole process, replaced: timers, Date, performance.now(), Math.random() and the random functions of
 * node:crypto answer as the simulated process that asks sees them. So what runs in the simulation is what runs in
 * production, without a clock handed through it. For a process that does nothing else.
 */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import { Process } from './process.ts'
import { Random } from './random.ts'
import { EPOCH_MS, type Moment, Time } from './time.ts'

const real = { Date, now: performance.now.bind(performance) }

/** Of the run that goes on. */
let time: Time = new Time()
/** For what happens outside of any process: the making of the world. */
const nobody = new Process('nobody', new Random(0))

const current = (): Process => time.process ?? nobody

/** As its clocks show it. */
const monotonic = ({ clock }: Process): number => time.now * clock.rate
const wallClock = (process: Process): number => EPOCH_MS + monotonic(process) + process.clock.skewMs

/** From now on it is the time of this run. */
export function setTime(of: Time): void {
  time = of
}

/** Real milliseconds, for measuring. */
export const stopwatch = (): number => real.now()

class Timer {
  readonly #process: Process
  readonly #run: () => void
  readonly #ms: number
  readonly #repeats: boolean
  #moment: Moment

  constructor(run: () => void, ms: number, repeats: boolean) {
    this.#process = current()
    this.#run = run
    this.#ms = Math.max(1, ms || 0)
    this.#repeats = repeats
    this.#moment = this.#set()
  }

  #set(): Moment {
    return time.after(this.#ms / this.#process.clock.rate, this.#process, () => {
      if (this.#repeats) this.#moment = this.#set()
      this.#run()
    })
  }

  refresh(): this {
    this.#moment.isOff = true
    this.#moment = this.#set()
    return this
  }

  close(): void {
    this.#moment.isOff = true
  }

  ref = (): this => this
  unref = (): this => this
  hasRef = (): boolean => true
}

const off = (timer: unknown): void => {
  if (timer instanceof Timer) timer.close()
}

class SimulatedDate extends Date {
  constructor(...values: unknown[]) {
    // biome-ignore lint/suspicious/noExplicitAny: Date takes whatever its overloads take
    super(...((values.length === 0 ? [wallClock(current())] : values) as [any]))
  }

  static override now(): number {
    return Math.floor(wallClock(current()))
  }
}

type Callback = (...values: unknown[]) => void

/** Replaces them; once, before anything that is to run simulated is loaded. */
export function replaceGlobals(): void {
  const timer =
    (repeats: boolean) =>
    (run: Callback, ms: number, ...values: unknown[]) =>
      new Timer(() => run(...values), ms, repeats)
  Object.assign(globalThis, {
    Date: SimulatedDate,
    setTimeout: timer(false),
    setInterval: timer(true),
    setImmediate: (run: Callback, ...values: unknown[]) => {
      const process = current()
      return time.after(0, process, () => run(...values))
    },
    clearTimeout: off,
    clearInterval: off,
    clearImmediate: (moment: Moment) => {
      moment.isOff = true
    },
  })
  Object.defineProperty(performance, 'now', { value: () => monotonic(current()) })
  Math.random = () => current().random.next()
  Object.assign(crypto, {
    randomUUID: () => current().random.uuid(),
    randomBytes: (size: number) => Buffer.from(current().random.hex(size * 2), 'hex'),
  })
  Object.assign(timers, { setTimeout: delay })
  syncBuiltinESMExports()
}

/** As node:timers/promises has it. */
function delay<T>(ms: number, value: T, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      off(timer)
      reject(signal?.reason)
    }
    const timer = new Timer(
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve(value)
      },
      ms,
      false,
    )
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
