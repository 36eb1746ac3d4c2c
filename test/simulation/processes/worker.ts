/**
 * A simulated worker: its process runs the real supervisor with its sessions, committer, reflector and status writer, put
 * together as worker/worker.ts does. Modelled are the lease thread, which needs no thread here, and the driver.
 */
import { KubeClient } from '@berth/core/kube/client.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import { mayAct } from '@berth/core/ownership/lease.ts'
import { endLease, openLease, renewLease } from '@berth/core/postgres/ownership.ts'
import { StatusWriter } from '@berth/worker/kube-status.ts'
import { Supervisor } from '@berth/worker/sessions/supervisor.ts'
import { Cache } from '@berth/worker/store/cache.ts'
import { Committer } from '@berth/worker/store/committer.ts'
import { Loader } from '@berth/worker/store/loader.ts'
import { persist } from '@berth/worker/store/persist.ts'
import { Voucher } from '@berth/worker/store/voucher.ts'
import { within } from '@berth/worker/store/within.ts'
import { KubeWire } from '../kubernetes/wire.ts'
import type { Process } from '../process.ts'
import type { Surroundings } from '../surroundings.ts'
import { simulatedDrivers } from './driver.ts'

const RENEW_MS = 1_000
const ANSWER_MS = 3_000

/** The part of a pod that its process knows. */
export interface PodIdentity {
  name: string
  uid: string
}

export class WorkerProcess {
  readonly process: Process
  readonly bootId: string
  readonly #parts: ReturnType<typeof assemble>
  readonly #world: Surroundings
  readonly #pod: PodIdentity
  /** When the last good renewal was sent, on the process' own clock. */
  #renewedAt = -Infinity
  #isStopping = false

  constructor(process: Process, pod: PodIdentity, world: Surroundings) {
    this.process = process
    this.bootId = process.random.uuid()
    this.#world = world
    this.#pod = pod
    this.#parts = assemble(this, pod, world)
  }

  /** Its lease is fresh, by its own clock. */
  get mayAct(): boolean {
    return this.process.isAlive && !this.#isStopping && mayAct(this.#renewedAt, performance.now())
  }

  /** What the kubelet's probe is told. */
  get isReady(): boolean {
    return this.mayAct && this.#parts.sessions.isSynced
  }

  async start(): Promise<void> {
    const { pool, sessions, supervisor } = this.#parts
    const { name, uid } = this.#pod
    const boot = { bootId: this.bootId, podUid: uid, worker: name, address: `http://${name}` }
    this.#renewedAt = await persist('lease', this.#world.log, async () => {
      const askedAt = performance.now()
      await openLease(pool, boot)
      return askedAt
    })
    this.#parts.startVouching()
    void this.#keepRenewing()
    sessions.start()
    supervisor.start()
  }

  /** SIGTERM: gives everything back, a few sessions at a time, and ends the lease; the process is over then. */
  async stop(graceMs: number): Promise<void> {
    const { pool, sessions, supervisor, status, committer } = this.#parts
    await sessions.stop()
    await Promise.race([supervisor.stop(), sleep(graceMs)])
    supervisor.destroy(new Error('the worker stops'))
    await status.stop()
    await within(2_000, endLease(pool, this.bootId)).catch(() => {})
    this.#isStopping = true
    await committer.stop()
    this.process.kill()
  }

  /** The boot is over: sockets first, then the process. */
  die(reason: string): void {
    this.#world.note(`${this.process.name}: ends, as ${reason}`)
    this.#parts.supervisor.destroy(new Error(reason))
    this.process.kill()
  }

  async #keepRenewing(): Promise<void> {
    while (this.process.isAlive) {
      const startedAt = performance.now()
      try {
        if (!(await within(ANSWER_MS, renewLease(this.#parts.pool, this.bootId)))) {
          this.die('the lease was revoked')
          return
        }
        this.#renewedAt = startedAt
      } catch {
        // The next one tells.
      }
      await sleep(Math.max(100, startedAt + RENEW_MS - performance.now()))
    }
  }
}

function assemble(worker: WorkerProcess, pod: PodIdentity, world: Surroundings) {
  const { process, bootId } = worker
  const { log } = world
  const pool = world.postgres.asWorker(process)
  const client = new KubeClient(world.kubeConfig, { component: 'worker' }, new KubeWire(process, world))
  const committer = new Committer({
    bootId,
    connect: async () => pool,
    onWentBack: (error) => worker.die(error.message),
    log,
  })
  const sessions = new Reflector(client, SessionKind, {
    namespace: client.namespace,
    fieldSelector: `status.placement.worker=${pod.name}`,
    onChange: () => supervisor.reconcileSoon(),
    log,
  })
  const status = new StatusWriter({ client, sessions, find: (id) => supervisor.get(id), log })
  const supervisor: Supervisor = new Supervisor({
    pool,
    bootId,
    podUid: pod.uid,
    keys: world.keyRing,
    sessions,
    committer,
    loader: new Loader(pool, bootId, log),
    cache: new Cache(1_000_000),
    drivers: simulatedDrivers(worker, world),
    status,
    mayAct: () => worker.mayAct,
    log,
  })
  const startVouching = () => {
    new Voucher({
      pool,
      bootId,
      committer,
      held: () => supervisor.list().map(({ owner }) => owner),
      released: () => supervisor.released(),
      log,
    })
  }
  return { pool, committer, sessions, status, supervisor, startVouching }
}
