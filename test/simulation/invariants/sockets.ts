/** The sockets to WhatsApp that are open, and that no two of one session are used at the same time. */
import type { WorkerProcess } from '../processes/worker.ts'
import type { Time } from '../time.ts'
import type { Violation } from './violation.ts'

export class Sockets {
  readonly #time: Time
  readonly #violation: Violation
  /** Session → workers. */
  readonly #open = new Map<string, Set<WorkerProcess>>()

  constructor(time: Time, violation: Violation) {
    this.#time = time
    this.#violation = violation
  }

  open(sessionId: string, worker: WorkerProcess): void {
    const workers = this.#open.get(sessionId) ?? new Set()
    this.#open.set(sessionId, workers.add(worker))
    worker.process.onDeath(() => workers.delete(worker))
    this.#check(sessionId)
  }

  close(sessionId: string, worker: WorkerProcess): void {
    this.#open.get(sessionId)?.delete(worker)
  }

  /** A process goes on that stood still: what it has open counts again. */
  checkAll(): void {
    for (const sessionId of this.#open.keys()) this.#check(sessionId)
  }

  /** One whose lease is old begins nothing and is fenced; a process that stands still does nothing. */
  #check(sessionId: string): void {
    const acting = [...(this.#open.get(sessionId) ?? [])].filter(
      (worker) => !worker.process.isPaused && this.#time.within(worker.process, () => worker.mayAct),
    )
    if (acting.length < 2) return
    const names = acting.map(({ process }) => process.name).join(' and ')
    this.#violation('I1', `${names} have sockets of session ${sessionId} open, with fresh leases`)
  }
}
