/** The sockets to WhatsApp that are open, and that no two of one session are used at the same time. WhatsApp keeps the newest. */
import type { WorkerProcess } from '../processes/worker.ts'
import type { Time } from '../time.ts'
import type { Violation } from './violation.ts'

const REPLACED_MS = 50

export class Sockets {
  readonly #time: Time
  readonly #violation: Violation
  /** Session → worker → how it is told that another one has taken the place. */
  readonly #open = new Map<string, Map<WorkerProcess, () => void>>()

  constructor(time: Time, violation: Violation) {
    this.#time = time
    this.#violation = violation
  }

  /** `onReplaced`: another one has connected. */
  open(sessionId: string, worker: WorkerProcess, onReplaced: () => void): void {
    const sockets = this.#open.get(sessionId) ?? new Map<WorkerProcess, () => void>()
    this.#open.set(sessionId, sockets.set(worker, onReplaced))
    worker.process.onDeath(() => sockets.delete(worker))
    this.#check(sessionId)
    for (const [other, tell] of sockets) {
      if (other === worker) continue
      sockets.delete(other)
      this.#time.after(REPLACED_MS, other.process, tell)
    }
  }

  close(sessionId: string, worker: WorkerProcess): void {
    this.#open.get(sessionId)?.delete(worker)
  }

  /** One whose lease is old begins nothing and is fenced; a process that stands still does nothing. */
  #check(sessionId: string): void {
    const acting = [...(this.#open.get(sessionId)?.keys() ?? [])].filter(
      (worker) => !worker.process.isPaused && this.#time.within(worker.process, () => worker.mayAct),
    )
    if (acting.length < 2) return
    const names = acting.map(({ process }) => process.name).join(' and ')
    this.#violation('I1', `${names} have sockets of session ${sessionId} open, with fresh leases`)
  }
}
