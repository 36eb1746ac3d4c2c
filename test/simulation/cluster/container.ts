/** One pod's container on a host: its processes, one boot after the other, and what the kubelet would say of it. */
import type { Pod } from '@berth/core/model/builtin.ts'
import { Process } from '../process.ts'
import { WorkerProcess } from '../processes/worker.ts'
import type { Random } from '../random.ts'
import type { Surroundings } from '../surroundings.ts'

const START_MS = [300, 1_500] as const
/** Between two starts, by how often it has failed. */
const BACKOFF_MS = [200, 3_000, 8_000, 15_000]
const STEADY_MS = 60_000
/** What is left of a pod's grace when the worker has used its part. */
const SPARE_MS = 5_000

export class Container {
  readonly pod: Pod
  readonly #world: Surroundings
  readonly #random: Random
  worker: WorkerProcess | undefined
  starts = 0
  #failures = 0
  #startedAt = -Infinity
  #endedAt: number | undefined
  #isStopping = false

  constructor(pod: Pod, random: Random, world: Surroundings) {
    this.pod = pod
    this.#random = random
    this.#world = world
  }

  get isRunning(): boolean {
    return this.worker?.process.isAlive ?? false
  }

  get state(): 'waiting' | 'running' | 'terminated' | 'backoff' {
    if (this.isRunning) return 'running'
    if (this.starts === 0) return 'waiting'
    return this.#failures > 1 ? 'backoff' : 'terminated'
  }

  get isReady(): boolean {
    const { worker } = this
    if (!worker?.process.isAlive || worker.process.isPaused) return false
    return this.#world.time.within(worker.process, () => worker.isReady)
  }

  /** Starts what is to run and does not, when its time has come. */
  keepRunning(): void {
    const { now } = this.#world.time
    if (this.isRunning || this.#isStopping) return
    if (this.#endedAt === undefined) this.#endedAt = now
    const wait = this.starts === 0 ? 0 : BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length) - 1]!
    if (now - this.#endedAt >= wait) this.#start()
  }

  /** SIGTERM, and SIGKILL after the grace. */
  stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    const { worker } = this
    if (!worker?.process.isAlive) return
    const { time } = this.#world
    const graceMs = (this.pod.spec.terminationGracePeriodSeconds ?? 30) * 1_000
    time.after(0, worker.process, () => void worker.stop(graceMs - SPARE_MS))
    time.after(graceMs, this.#world.kubernetes.process, () => this.kill())
  }

  kill(): void {
    this.worker?.process.kill()
  }

  #start(): void {
    const { time } = this.#world
    const { name, uid = '' } = this.pod.metadata
    this.starts++
    const random = this.#random.fork(`${name}/${this.starts}`)
    const clock = { rate: 0.98 + random.next() * 0.04, skewMs: random.between(-2_000, 2_000) }
    const process = new Process(name, random, clock)
    this.#world.note(`${name}: boot ${this.starts} starts`)
    process.onDeath(() => this.#ended())
    this.#startedAt = time.now
    const worker = time.within(process, () => new WorkerProcess(process, { name, uid }, this.#world))
    this.worker = worker
    time.after(random.between(...START_MS), process, () => void worker.start())
  }

  #ended(): void {
    const { now } = this.#world.time
    this.#failures = now - this.#startedAt > STEADY_MS ? 1 : this.#failures + 1
    this.#endedAt = now
    this.#world.note(`${this.pod.metadata.name}: boot ${this.starts} is over`)
  }
}
