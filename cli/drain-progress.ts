/** How far the emptying of a worker is: which sessions have left it, and where to. Pure. */
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { summaryOf } from './records.ts'

/** Reasons of a session that no process has taken up where it is placed. */
const NOT_TAKEN_UP = new Set(['OwnerLost', 'Starting', 'Pending'])

export interface Move {
  session: string
  /** The worker that has taken it up; undefined: it runs nowhere now (stopped, deleted). */
  to: string | undefined
}

export interface Remaining {
  session: string
  reason: string
  message: string
}

export class DrainProgress {
  readonly #worker: string
  /** The worker's own generation since which it is to be drained. */
  readonly #generation: number
  readonly #remaining = new Map<string, Remaining>()
  readonly #moves = new Map<string, Move>()
  #isSeen = false

  /** @param drained the worker as the API answered when it was told to drain */
  constructor(drained: Worker) {
    this.#worker = drained.metadata.name
    this.#generation = drained.metadata.generation ?? 0
    this.see(drained)
  }

  /** Takes in the worker as it is now; undefined: it is gone, and so nothing is on it. */
  see(worker: Worker | undefined): void {
    const { observedGeneration = 0, sessions } = worker?.status ?? {}
    this.#isSeen = worker === undefined || (observedGeneration >= this.#generation && !sessions?.placed)
  }

  /** Takes in a session as it is now, or that it is gone; answers a line when there is something to tell. */
  take(session: WhatsAppSession, isDeleted = false): string | undefined {
    const { name } = session.metadata
    const placement = isDeleted ? undefined : session.status?.placement
    const { reason, message } = summaryOf(session)
    const known = this.#remaining.get(name)
    if (placement?.worker === this.#worker) {
      this.#moves.delete(name)
      this.#remaining.set(name, { session: name, reason, message })
      const isStuck = known !== undefined && known.reason !== reason && reason === 'NoCapacity'
      return isStuck ? `${name} has to wait: ${message}` : undefined
    }
    if (!known) return undefined
    if (placement && NOT_TAKEN_UP.has(reason)) {
      this.#remaining.set(name, { session: name, reason, message })
      return known.reason === reason ? undefined : `${name} moves to ${placement.worker}`
    }
    this.#remaining.delete(name)
    this.#moves.set(name, { session: name, to: placement?.worker })
    return placement ? `${name} is on ${placement.worker}` : `${name} runs nowhere now: ${reason}`
  }

  /** Takes in all sessions that there are: one that is not among them is gone. Answers the lines to tell. */
  takeAll(sessions: WhatsAppSession[]): string[] {
    const names = new Set(sessions.map(({ metadata }) => metadata.name))
    for (const name of this.#remaining.keys()) {
      if (names.has(name)) continue
      this.#remaining.delete(name)
      this.#moves.set(name, { session: name, to: undefined })
    }
    return sessions.flatMap((session) => this.take(session) ?? [])
  }

  /** The operator knows that it is to be drained, and all that was on it is taken up elsewhere. */
  get isDone(): boolean {
    return this.#isSeen && this.#remaining.size === 0
  }

  get moves(): Move[] {
    return [...this.#moves.values()]
  }

  get remaining(): Remaining[] {
    return [...this.#remaining.values()]
  }
}
