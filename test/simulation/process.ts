/** A simulated process: it lives, may stand still (SIGSTOP, a long collection), and has clocks of its own. */
import type { Random } from './random.ts'
import type { Moment } from './time.ts'

export interface Clock {
  /** 1 is right; 1.02 goes two per cent too fast. */
  rate: number
  /** Of the wall clock, in milliseconds. */
  skewMs: number
}

export class Process {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  isAlive = true
  isPaused = false
  /** Calls of a server begun so far; where faults hit. */
  effects = 0
  readonly #onDeath: (() => void)[] = []
  #putOff: Moment[] = []

  constructor(name: string, random: Random, clock: Clock = { rate: 1, skewMs: 0 }) {
    this.name = name
    this.random = random
    this.clock = clock
  }

  /** SIGKILL: nothing of it happens any more. */
  kill(): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.#putOff = []
    for (const listener of this.#onDeath) listener()
  }

  onDeath(listener: () => void): void {
    this.#onDeath.push(listener)
  }

  putOff(moment: Moment): void {
    this.#putOff.push(moment)
  }

  wake(): Moment[] {
    this.isPaused = false
    return this.#putOff.splice(0)
  }
}
