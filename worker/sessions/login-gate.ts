/** How many sessions of the process log in at the same time: each login is 30 ms of CPU, and a burst stops the event loop. */

/** Longer than a good login takes; a slow one gives its place back and goes on. */
const HOLD_MS = 15_000

export class LoginGate {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(limit = 5) {
    this.#free = limit
  }

  /** Waits for a place; answers the function that gives it back, which may be called any number of times. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let held = true
    const leave = () => {
      if (!held) return
      held = false
      clearTimeout(timer)
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
    const timer = setTimeout(leave, HOLD_MS)
    return leave
  }
}
