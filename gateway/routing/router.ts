/** Brings a call to the worker that owns the session, and follows the session while it moves. */
import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { Problem } from '../problems/problem.ts'
import { decide } from './decide.ts'
import type { Owner, Target } from './owner.ts'
import { WorkerCallFailed } from './worker-client.ts'

const CACHE_SIZE = 50_000
/** A stale entry costs one call that comes back with 421. */
const CACHE_MS = 5000
const RETRY_AFTER_SECONDS = 2

export interface CallOptions {
  /** How long the call may be held while nobody can take it, in milliseconds. */
  holdMs: number
  /** The call only reads, or does the same when it is done twice. */
  repeatable: boolean
  signal?: AbortSignal
}

export class SessionRouter {
  readonly #findOwner: (target: Target) => Promise<Owner | undefined>
  readonly #owners = new LRUCache<string, Owner>({ max: CACHE_SIZE, ttl: CACHE_MS })
  /** Look-ups under way: calls that are held for the same session share one. */
  readonly #lookups = new Map<string, Promise<Owner | undefined>>()

  constructor(findOwner: (target: Target) => Promise<Owner | undefined>) {
    this.#findOwner = findOwner
  }

  /**
   * Calls the owner; a call that finds none is held up to `holdMs`. Throws Problem session_moving when the hold ends,
   * WorkerCallFailed when a call that must not be repeated may have been carried out.
   */
  async withOwner<T>(target: Target, options: CallOptions, call: (owner: Owner) => Promise<T>): Promise<T> {
    const deadline = performance.now() + options.holdMs
    for (let tries = 1; ; tries++) {
      options.signal?.throwIfAborted()
      const owner = await this.#owner(target)
      let failed: WorkerCallFailed | undefined
      if (owner) {
        try {
          return await call(owner)
        } catch (error) {
          if (!(error instanceof WorkerCallFailed)) throw error
          failed = error
          this.#owners.delete(target.sessionId)
        }
      }
      const decision = decide({
        failure: failed?.failure ?? 'nobody',
        repeatable: options.repeatable,
        tries,
        now: performance.now(),
        deadline,
      })
      if (decision.action === 'fail') throw failed
      if (decision.action === 'give_up') {
        throw new Problem('session_moving', { retryAfterSeconds: RETRY_AFTER_SECONDS })
      }
      await sleep(decision.ms, undefined, options.signal ? { signal: options.signal } : {})
    }
  }

  async #owner(target: Target): Promise<Owner | undefined> {
    const { sessionId } = target
    const cached = this.#owners.get(sessionId)
    if (cached) return cached
    let lookup = this.#lookups.get(sessionId)
    if (!lookup) {
      lookup = this.#findOwner(target).finally(() => this.#lookups.delete(sessionId))
      this.#lookups.set(sessionId, lookup)
    }
    const owner = await lookup
    if (owner) this.#owners.set(sessionId, owner)
    return owner
  }
}
