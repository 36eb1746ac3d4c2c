/**
 * Who of this process may log in now. Two things are scarce: places, as each login is 30 ms of CPU and a burst stops the
 * event loop; and tokens, as a whole installation that logs in at once gets its numbers banned. Tokens are leased from
 * Postgres, a few at a time, when there is a place for them (core/ownership/login-pace.ts).
 *
 * Those who wait go by rank, then in the order of their coming. One that leaves the queue costs no token; a leased token that
 * nobody is left for is kept for a moment, and then it is gone.
 */
import type { Demand, Grant } from '@berth/core/ownership/login-pace.ts'
import { loginWaits } from '../metrics.ts'

/** Longer than a good login takes; a slow one gives its place back and goes on. */
const HOLD_MS = 15_000
const TOKEN_MS = 2_000
/** Between two questions for tokens: others may have asked meanwhile, and the demand must not lapse. */
const ASK_MS = { least: 50, most: 1_000 }
/** So many logins of the last minute tell how long the next ones have to wait. */
const BEGUN = { most: 50, least: 3, withinMs: 60_000 }

/** Whose login it is. */
export interface LoginClass {
  /** A tier, or what stands before all tiers. */
  name: string
  /** The lowest goes first. */
  rank: number
}

/** Somebody looks at a screen: a code to be scanned, or the end of linking. Nobody waits for these in the thousands. */
export const SOMEBODY_WAITS: LoginClass = { name: 'somebody-waits', rank: -2_000_000_000 }

export interface LoginGateOptions {
  /** Logins at the same time. */
  places?: number
  /** Asks for as many tokens, for these. May reject: then it is asked again. */
  lease(most: number, wanted: Demand[]): Promise<Grant>
}

interface Waiting extends PromiseWithResolvers<void> {
  who: LoginClass
  since: number
}

/** Of one that waits. */
export interface Place {
  /** How many of this process go before it. */
  before: number
  /** How long that should take; undefined: nobody can say. */
  seconds?: number
}

export interface Ticket {
  /** Answers the function that gives the place to the next one; it may be called any number of times. */
  turn: Promise<() => void>
  place(): Place
}

/** Who waits, as metrics and people want to know it. */
export interface LoginQueue {
  name: string
  waiting: number
  /** Milliseconds. */
  oldestMs: number
}

export class LoginGate {
  readonly #options: LoginGateOptions
  readonly #places: number
  #free: number
  #tokens = 0
  #tokensUntil = 0
  #asking = false
  #askLater: NodeJS.Timeout | undefined
  /** When the last ones began. */
  #begun: number[] = []
  /** By rank, then by their coming. */
  #waiting: Waiting[] = []

  constructor(options: LoginGateOptions) {
    this.#options = options
    this.#places = options.places ?? 5
    this.#free = this.#places
  }

  /** Waits for a place and a token. The turn throws the signal's reason as soon as it is aborted. */
  queue(who: LoginClass, signal: AbortSignal): Ticket {
    const waiting: Waiting = { who, since: performance.now(), ...Promise.withResolvers<void>() }
    return { turn: this.#turn(waiting, signal), place: () => this.#placeOf(waiting) }
  }

  async #turn(waiting: Waiting, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const { who, since, promise, reject } = waiting
    const behind = this.#waiting.findIndex((other) => other.who.rank > who.rank)
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiting)
    const giveUp = () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting)
      reject(signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    this.#pump()
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
    loginWaits.observe({ class: who.name }, (performance.now() - since) / 1000)
    return this.#enter()
  }

  /** How many wait, by class. */
  queues(): LoginQueue[] {
    const now = performance.now()
    return [...Map.groupBy(this.#waiting, ({ who }) => who.name)].map(([name, all]) => ({
      name,
      waiting: all.length,
      oldestMs: now - Math.min(...all.map(({ since }) => since)),
    }))
  }

  #placeOf(waiting: Waiting): Place {
    const now = performance.now()
    const before = Math.max(0, this.#waiting.indexOf(waiting))
    const lately = this.#begun.filter((at) => now - at < BEGUN.withinMs)
    if (lately.length < BEGUN.least) return { before }
    return { before, seconds: (before / lately.length) * ((now - lately[0]!) / 1000) }
  }

  #enter(): () => void {
    let held = true
    const leave = () => {
      if (!held) return
      held = false
      clearTimeout(timer)
      this.#free++
      this.#pump()
    }
    const timer = setTimeout(leave, HOLD_MS)
    return leave
  }

  #pump(): void {
    if (performance.now() > this.#tokensUntil) this.#tokens = 0
    while (this.#free > 0 && this.#tokens > 0 && this.#waiting.length > 0) {
      this.#free--
      this.#tokens--
      this.#begun = [...this.#begun.slice(1 - BEGUN.most), performance.now()]
      this.#waiting.shift()!.resolve()
    }
    if (this.#free > 0 && this.#waiting.length > 0) void this.#ask()
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#askLater) return
    this.#asking = true
    let waitMs = ASK_MS.most
    try {
      const most = this.#free
      const next = this.#waiting.slice(0, most + this.#places)
      const wanted = [...Map.groupBy(next, ({ who }) => who.rank)].map(([rank, all]) => ({ rank, count: all.length }))
      const grant = await this.#options.lease(most, wanted)
      this.#tokens = grant.granted.reduce((sum, one) => sum + one, 0)
      this.#tokensUntil = performance.now() + TOKEN_MS
      waitMs = Math.min(ASK_MS.most, Math.max(grant.waitMs && ASK_MS.least, grant.waitMs))
    } catch {
      // Postgres is away, and no login begins without it.
    }
    this.#asking = false
    if (waitMs > 0) {
      this.#askLater = setTimeout(() => {
        this.#askLater = undefined
        this.#pump()
      }, waitMs)
    }
    this.#pump()
  }
}
