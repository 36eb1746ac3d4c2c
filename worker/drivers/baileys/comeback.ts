/** When one session connects again: remembers how its connections ended, and carries out what reconnect.ts decides of it. */
import { sleep } from '@berth/core/kube/sleep.ts'
import { logins } from '../../metrics.ts'
import { type ConnectionReport, type DriverHost, PassingReason } from '../driver.ts'
import type { AuthState } from './auth-state.ts'
import { reach } from './reach.ts'
import { addEnding, conflictMs, type Decision, decide, type Ending, type History, NO_HISTORY } from './reconnect.ts'

/** A timer takes no more than 24 days. */
const SLEEP_AT_MOST_MS = 3_600_000

export type ConnectionEnd = Pick<Ending, 'code' | 'ban' | 'wasUnscanned'> & {
  /** How long it was logged in, in milliseconds. */
  openMs: number
}

export class Comeback {
  readonly #host: Pick<DriverHost, 'before' | 'stillOurs' | 'isCodeWanted' | 'log'>
  readonly #auth: AuthState
  readonly #report: (words: Omit<ConnectionReport, 'attempt'>) => void
  readonly #stopping: AbortSignal
  #history: History = NO_HISTORY

  /** `stopping`: the waits are called off by throwing its reason. */
  constructor(
    host: Pick<DriverHost, 'before' | 'stillOurs' | 'isCodeWanted' | 'log'>,
    auth: AuthState,
    report: (words: Omit<ConnectionReport, 'attempt'>) => void,
    stopping: AbortSignal,
  ) {
    this.#host = host
    this.#auth = auth
    this.#report = report
    this.#stopping = stopping
  }

  /** WhatsApp has let the session in. */
  connected(): void {
    reach.answered(performance.now())
  }

  /** Tries since the last success, as far as they matter in this state. */
  attemptIn(state: ConnectionReport['state']): number {
    if (state === 'Connected') return 0
    return state === 'UsedElsewhere' ? this.#history.conflicts : this.#history.failures
  }

  /** What the last owner was waiting for, this one waits for too. False: no connection. */
  async waitAsBefore(): Promise<boolean> {
    const { before } = this.#host
    if (before?.state === 'UsedElsewhere') {
      const conflicts = Math.max(1, before.attempt)
      this.#history = { ...NO_HISTORY, conflicts }
      this.#report(before)
      await sleep(conflictMs(conflicts, Math.random), this.#stopping)
    } else if (before?.reason === PassingReason.temporarilyBanned) {
      this.#report(before)
      const until = await this.#auth.bannedUntil()
      if (until === undefined) return false
      await this.#sleepUntil(until)
    }
    return true
  }

  /** A connection has ended. Resolves when the next one may be begun; false: there is none. */
  async after({ openMs, ...end }: ConnectionEnd): Promise<boolean> {
    this.#history = addEnding(this.#history, end.code, openMs)
    const { me, hasLoggedIn } = this.#auth
    const isCodeWanted = this.#host.isCodeWanted()
    const ending = {
      ...end,
      linked: Boolean(me),
      hasLoggedIn,
      history: this.#history,
      isCodeWanted,
      wasOpen: openMs > 0,
    }
    const decision = decide(ending, Math.random, Date.now())
    logins.inc({ outcome: decision.reason })
    const { next, reason } = decision
    this.#host.log.info({ code: end.code, next, reason }, 'connection ended')
    return this.#carryOut(decision)
  }

  async #carryOut(decision: Decision): Promise<boolean> {
    const { state, reason, message } = decision
    switch (decision.next) {
      case 'rest':
        this.#history = NO_HISTORY
        return true
      case 'stop':
        this.#report({ state, reason, message })
        return false
      case 'connect at':
        await this.#auth.saveBan(decision.until)
        this.#report({ state, reason, message })
        await this.#sleepUntil(decision.until)
        return true
      case 'connect':
        if (decision.forget) await this.#auth.forget()
        if (decision.checkOwner && !(await this.#host.stillOurs())) return false
        this.#report({ state, reason, message })
        if (decision.unreached) await reach.wait(decision.waitMs, this.#stopping)
        else if (decision.waitMs > 0) await sleep(decision.waitMs, this.#stopping)
        return true
    }
  }

  async #sleepUntil(time: number): Promise<void> {
    for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
      await sleep(Math.min(left, SLEEP_AT_MOST_MS), this.#stopping)
    }
  }
}
