/**
 * Tells the owner that there is something to do. The row is durable and the owner also looks by itself, so a wake-up is
 * only for speed: it may get lost, and those for one session are merged while one is under way.
 */
import type { Logger } from '@berth/core/telemetry/log.ts'
import { currentTrace, inTrace, type Trace } from '@berth/core/telemetry/trace.ts'
import type { Target } from './owner.ts'
import type { SessionRouter } from './router.ts'
import type { WorkerClient } from './worker-client.ts'

/** Long enough for one wrong address; whoever claims the session later looks for open rows anyway. */
const HOLD_MS = 300
const MAX_UNDER_WAY = 1000

export class Waker {
  readonly #router: SessionRouter
  readonly #workers: WorkerClient
  readonly #log: Logger
  /** Sessions with a wake-up under way, and who wants one more afterwards. */
  readonly #underWay = new Map<string, { trace: Trace | undefined } | undefined>()

  constructor(router: SessionRouter, workers: WorkerClient, log: Logger) {
    this.#router = router
    this.#workers = workers
    this.#log = log
  }

  /** Never throws and returns at once. */
  wake(target: Target): void {
    const { sessionId } = target
    if (this.#underWay.has(sessionId)) this.#underWay.set(sessionId, { trace: currentTrace() })
    else if (this.#underWay.size < MAX_UNDER_WAY) void this.#run(target)
  }

  async #run(target: Target): Promise<void> {
    const { sessionId } = target
    let next: { trace: Trace | undefined } | undefined = { trace: currentTrace() }
    while (next) {
      this.#underWay.set(sessionId, undefined)
      await inTrace(next.trace, () => this.#wakeOnce(target))
      next = this.#underWay.get(sessionId)
    }
    this.#underWay.delete(sessionId)
  }

  async #wakeOnce(target: Target): Promise<void> {
    const { sessionId } = target
    try {
      await this.#router.withOwner(target, { holdMs: HOLD_MS, repeatable: true }, (owner) =>
        this.#workers.wake(owner, sessionId, { wait: 0 }),
      )
    } catch (error) {
      this.#log.debug({ sessionId, error: (error as Error).message }, 'the owner was not woken')
    }
  }
}
