/** A node without processes: binds the workers' pods to itself, reports them as a kubelet does, and runs a fake worker in each. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isNotFound } from '@berth/core/kube/error.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import type { ContainerState, Pod } from '@berth/core/model/builtin.ts'
import { PodKind } from '@berth/core/model/kind.ts'
import { FakeWorker } from './fake-worker.ts'

/** Its workers claim sessions, and WhatsApp never answers them. */
export const OFFLINE_IMAGE = 'berth/worker:offline'
/** It can't be pulled. */
export const MISSING_IMAGE = 'berth/worker:missing'
/** No node takes it. */
export const HUGE_IMAGE = 'berth/worker:huge'

const imageOf = ({ spec }: Pod): string | undefined => spec.containers[0]?.image

export class FakeNode {
  readonly #client: KubeClient
  readonly #databaseUrl: string
  readonly #beatMs: number | undefined
  readonly #pods: Reflector<Pod>
  /** By name of the pod. */
  readonly #workers = new Map<string, FakeWorker>()
  readonly #lost = new Set<string>()
  readonly #work = new Set<Promise<void>>()
  /** What went wrong in the background; a test looks at it at its end. */
  readonly failures: unknown[] = []
  /** Which sessions were released and claimed, in order. */
  readonly moves: { what: 'release' | 'claim'; sessionId: string }[] = []

  /** `beatMs`: between two renewals of its workers. */
  constructor(client: KubeClient, databaseUrl: string, beatMs?: number) {
    this.#client = client
    this.#databaseUrl = databaseUrl
    this.#beatMs = beatMs
    this.#pods = new Reflector(client, PodKind, {
      labelSelector: 'app.kubernetes.io/name=berth-worker',
      onChange: (event, pod) => {
        if (event === 'added') this.#do(this.#run(pod))
        else if (event === 'modified' && pod.metadata.deletionTimestamp) this.#do(this.#terminate(pod))
      },
    })
    this.#pods.start()
  }

  worker(name: string): FakeWorker {
    const found = this.#workers.get(name)
    if (!found) throw new Error(`no worker runs in the pod ${name}`)
    return found
  }

  get names(): string[] {
    return [...this.#workers.keys()].sort()
  }

  /** SIGKILL of the worker's process; the container stays down and is reported so. */
  async crash(name: string, state: ContainerState, lastState?: ContainerState): Promise<void> {
    await this.worker(name).die()
    await this.#report(name, state, false, lastState)
  }

  /** The container comes back: a new boot of the same pod. */
  async restart(name: string): Promise<FakeWorker> {
    const pod = this.#pods.get(name)!
    return this.#boot(pod)
  }

  /** The kubelet ends the pod, as its node runs out of something. */
  async evict(name: string): Promise<void> {
    await this.worker(name).die()
    const status = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }
    await this.#client.mergePatch(PodKind, name, { status }, { subresource: 'status' })
  }

  /** The node of the pod is gone: nothing runs there, and nobody says so. */
  lose(name: string): void {
    this.worker(name).fallSilent()
    this.#lost.add(name)
  }

  async close(): Promise<void> {
    await this.#pods.stop()
    await Promise.allSettled(this.#work)
    await Promise.all([...this.#workers.values()].map((worker) => worker.die()))
  }

  #do(work: Promise<void>): void {
    const guarded = work
      .catch((error: unknown) => {
        if (!isNotFound(error)) this.failures.push(error)
      })
      .finally(() => this.#work.delete(guarded))
    this.#work.add(guarded)
  }

  async #run(pod: Pod): Promise<void> {
    const { name } = pod.metadata
    if (imageOf(pod) === HUGE_IMAGE) return this.#refuse(name)
    await this.#bind(name)
    if (imageOf(pod) !== MISSING_IMAGE) await this.#boot(pod)
    else await this.#report(name, { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }, false)
  }

  async #boot(pod: Pod): Promise<FakeWorker> {
    const { name, uid } = pod.metadata
    const worker = new FakeWorker({
      client: this.#client,
      databaseUrl: this.#databaseUrl,
      name,
      podUid: uid!,
      beatMs: this.#beatMs,
      connects: imageOf(pod) !== OFFLINE_IMAGE,
      onMove: (what, sessionId) => this.moves.push({ what, sessionId }),
    })
    this.#workers.set(name, worker)
    worker.start()
    await this.#report(name, { running: { startedAt: new Date().toISOString() } }, true)
    return worker
  }

  async #terminate(pod: Pod): Promise<void> {
    const { name } = pod.metadata
    const worker = this.#workers.get(name)
    if (this.#lost.has(name)) return
    if (!worker) return this.#remove(pod)
    this.#workers.delete(name)
    await worker.stop()
    await this.#remove(pod)
  }

  async #remove({ metadata }: Pod): Promise<void> {
    await this.#client.delete(PodKind, metadata.name, { uid: metadata.uid, gracePeriodSeconds: 0 })
  }

  /** As a scheduler says it. */
  async #refuse(name: string): Promise<void> {
    const message = '0/1 nodes are available: 1 Insufficient memory.'
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }]
    await this.#client.mergePatch(
      PodKind,
      name,
      { status: { phase: 'Pending', conditions } },
      { subresource: 'status' },
    )
  }

  /** A real API server knows bindings; the embedded one lets a kubelet name its node. */
  async #bind(name: string): Promise<void> {
    const path = `/api/v1/namespaces/${this.#client.namespace}/pods/${name}/binding`
    const target = { apiVersion: 'v1', kind: 'Node', name: 'fake' }
    try {
      await this.#client.request('POST', path, {
        body: { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target },
      })
    } catch {
      await this.#client.mergePatch(PodKind, name, { spec: { nodeName: 'fake' } })
    }
  }

  async #report(name: string, state: ContainerState, ready: boolean, lastState?: ContainerState): Promise<void> {
    const status = {
      phase: state.waiting ? 'Pending' : 'Running',
      podIP: '127.0.0.1',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'worker', ready, restartCount: 0, image: 'fake', imageID: 'fake', state, lastState }],
    }
    await this.#client.mergePatch(PodKind, name, { status }, { subresource: 'status' })
  }
}
