/** The processes of one pod. */
import type { Pod } from '@berth/core/model/builtin.ts'
import { type ContainerHost, ContainerRunner } from './container.ts'
import { podStatus } from './status.ts'

export class PodRunner {
  readonly #containers: ContainerRunner[]
  #status: Pod['status']
  #stopped = false

  constructor(host: ContainerHost, pod: Pod, changed: () => void) {
    this.#status = pod.status
    this.#containers = pod.spec.containers.map((container) => new ContainerRunner(host, pod, container, changed))
  }

  start(): void {
    for (const container of this.#containers) container.start()
  }

  /** Resolves when all processes are gone. */
  async stop(graceMs: number, how: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<void> {
    await Promise.all(this.#containers.map((container) => container.stop(graceMs, how)))
    this.#stopped = true
  }

  /** All processes are gone and none will be started. */
  get isStopped(): boolean {
    return this.#stopped
  }

  /** The status to be written for the pod as the API has it now. Times stay from call to call. */
  status(pod: Pod, now: Date): NonNullable<Pod['status']> {
    this.#status = podStatus(
      { ...pod, status: this.#status },
      this.#containers.map((c) => c.status()),
      now,
    )
    return this.#status
  }
}
