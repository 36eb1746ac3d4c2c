/**
 * A small kubelet: runs the pods of a Kubernetes API as processes of this machine.
 *
 * It is scheduler and node in one: each pod without a node is bound to it, the oldest first, as long as there is room. For each of its pods it goes by what the API
 * says now, whatever happened in between:
 *   there                 → its containers run, and its status says how they are
 *   being deleted         → its processes get SIGTERM, after the grace period SIGKILL; gone, the object is deleted for good
 *   gone without a word   → its processes are killed
 * When the kubelet starts, all processes of an earlier run are dead before anything is started; their pods go on as the
 * same pods, restarted in place. When it stops, the processes end (by SIGINT: nobody takes over) and the pods stay.
 */
import { totalmem } from 'node:os'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isConflict, isNotFound } from '@berth/core/kube/error.ts'
import type { Log } from '@berth/core/kube/log.ts'
import { ALL_NAMESPACES } from '@berth/core/kube/path.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import { WorkQueue } from '@berth/core/kube/workqueue.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { PodKind, SecretKind } from '@berth/core/model/kind.ts'
import { ProcessLedger } from '../process/ledger.ts'
import { removeOldLogs, shortenLogs } from '../process/log-file.ts'
import { maxPods, unschedulable } from './capacity.ts'
import { graceMs } from './container.ts'
import { PodRunner } from './pod.ts'
import { Secrets } from './secrets.ts'

export interface KubeletOptions {
  client: KubeClient
  /** Given to the pods as KUBECONFIG. */
  kubeconfig: string
  /** The folder that `berth/worker` runs from. */
  clone: string
  /** For the pid files of the running processes. */
  runFolder: string
  logsFolder: string
  nodeName?: string
  /** Pods that run at the same time; by the machine's memory when absent. The others stay pending. */
  maxPods?: number
  log?: Log
  /** Said to a person. */
  tell?: (line: string) => void
}

export interface Kubelet {
  /** Ends all processes, within each pod's own grace period, and writes how they ended. The pods stay. */
  stop(): Promise<void>
  /** Kills all processes and returns at once. */
  kill(): void
}

const SHORTEN_LOGS_EVERY_MS = 30_000
const KEPT_LOGS = 100
const STATUS_BACKOFF = { baseMs: 100, maxMs: 5_000 }

export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const ledger = new ProcessLedger(options.runFolder)
  const orphans = await ledger.endOrphans()
  if (orphans.length > 0) options.tell?.(`ended ${orphans.length} pod processes of an earlier run`)
  await removeOldLogs(options.logsFolder, KEPT_LOGS)
  const kubelet = new PodKeeper(options, ledger)
  await kubelet.start()
  return kubelet
}

class PodKeeper implements Kubelet {
  readonly #client: KubeClient
  readonly #options: KubeletOptions
  readonly #nodeName: string
  readonly #maxPods: number
  readonly #ledger: ProcessLedger
  readonly #secrets: Secrets
  readonly #reflector: Reflector<Pod>
  readonly #queue: WorkQueue
  /** By uid, as the API has them. */
  readonly #pods = new Map<string, Pod>()
  /** By uid. */
  readonly #runners = new Map<string, PodRunner>()
  /** What the API was told last, by uid. */
  readonly #written = new Map<string, string>()
  readonly #logTimer: NodeJS.Timeout

  constructor(options: KubeletOptions, ledger: ProcessLedger) {
    this.#client = options.client
    this.#secrets = new Secrets((namespace, name) => this.#client.get(SecretKind, name, namespace))
    this.#options = options
    this.#nodeName = options.nodeName ?? 'local'
    this.#maxPods = options.maxPods ?? maxPods(totalmem())
    this.#ledger = ledger
    this.#reflector = new Reflector(options.client, PodKind, {
      namespace: ALL_NAMESPACES,
      log: options.log,
      onChange: (event, pod) => {
        const uid = pod.metadata.uid!
        if (event === 'deleted') this.#pods.delete(uid)
        else this.#pods.set(uid, pod)
        this.#queue.add(uid)
        if (event === 'deleted' || isFinished(pod)) this.#roomAgain()
      },
    })
    this.#queue = new WorkQueue({
      name: 'kubelet',
      concurrency: 16,
      backoff: STATUS_BACKOFF,
      log: options.log,
      handle: (uid) => this.#reconcile(uid),
    })
    this.#logTimer = setInterval(() => void shortenLogs(options.logsFolder).catch(() => {}), SHORTEN_LOGS_EVERY_MS)
  }

  async start(): Promise<void> {
    this.#reflector.start()
    await this.#reflector.synced
  }

  async stop(): Promise<void> {
    clearInterval(this.#logTimer)
    await this.#reflector.stop()
    await this.#queue.stop()
    await Promise.all(
      [...this.#runners].map(async ([uid, runner]) => {
        const pod = this.#pods.get(uid)
        // As Ctrl-C does: the whole machine stops, and nobody takes over what they hold.
        await runner.stop(pod ? graceMs(pod) : 0, 'SIGINT')
        if (pod) await this.#writeStatus(pod, runner).catch(() => {}) // the next kubelet finds out by itself
      }),
    )
  }

  kill(): void {
    for (const runner of this.#runners.values()) void runner.stop(0)
  }

  async #reconcile(uid: string): Promise<void> {
    const pod = this.#pods.get(uid)
    const runner = this.#runners.get(uid)
    if (!pod) return this.#forget(uid)
    if (pod.spec.nodeName === undefined && !pod.metadata.deletionTimestamp) return this.#bind(pod)
    if (pod.spec.nodeName !== this.#nodeName && pod.spec.nodeName !== undefined) return
    if (pod.metadata.deletionTimestamp) return this.#end(pod, runner)
    if (runner) return this.#writeStatus(pod, runner)
    if (isFinished(pod)) return
    this.#run(pod)
  }

  async #bind(pod: Pod): Promise<void> {
    const { name, namespace, uid, resourceVersion } = pod.metadata
    if (!this.#hasRoomFor(pod)) return this.#leavePending(pod)
    const patch = { metadata: { uid, resourceVersion }, spec: { nodeName: this.#nodeName } }
    try {
      this.#reflector.observe(await this.#client.mergePatch(PodKind, name, patch, { namespace }))
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error // changed since: the change brings us here again
    }
  }

  /** The oldest pods have the room, bound or not: so the answer is the same however many ask at once. */
  #hasRoomFor(pod: Pod): boolean {
    const open = [...this.#pods.values()].filter((other) => !isFinished(other))
    const before = open.filter((other) => other.spec.nodeName !== undefined || isOlder(other, pod))
    return before.length < this.#maxPods
  }

  async #leavePending(pod: Pod): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    const condition = unschedulable(pod, this.#maxPods, new Date())
    if (pod.status?.conditions?.some(({ type, message }) => type === condition.type && message === condition.message))
      return
    const patch = { metadata: { uid }, status: { phase: 'Pending', conditions: [condition] } }
    try {
      this.#reflector.observe(await this.#client.mergePatch(PodKind, name, patch, { namespace, subresource: 'status' }))
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error // gone: the watch says so
    }
  }

  #roomAgain(): void {
    for (const [uid, pod] of this.#pods) if (pod.spec.nodeName === undefined) this.#queue.add(uid)
  }

  #run(pod: Pod): void {
    const uid = pod.metadata.uid!
    const host = {
      clone: this.#options.clone,
      nodeName: this.#nodeName,
      kubeconfig: this.#options.kubeconfig,
      logsFolder: this.#options.logsFolder,
      ledger: this.#ledger,
      secret: (namespace: string, name: string) => this.#secrets.get(namespace, name),
    }
    const runner = new PodRunner(host, pod, () => this.#queue.add(uid))
    this.#runners.set(uid, runner)
    runner.start()
    this.#queue.add(uid)
  }

  /** Deleted by someone: ends the processes without holding up the queue, and then the object. */
  async #end(pod: Pod, runner: PodRunner | undefined): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    if (runner && !runner.isStopped) {
      await this.#writeStatus(pod, runner)
      void runner.stop(graceMs(pod)).then(() => this.#queue.add(uid!))
      return
    }
    if (runner) await this.#writeStatus(pod, runner)
    await this.#client.delete(PodKind, name, { namespace, uid, gracePeriodSeconds: 0 }).catch((error) => {
      if (!isConflict(error)) throw error // another pod of that name by now
    })
  }

  async #forget(uid: string): Promise<void> {
    await this.#runners.get(uid)?.stop(0)
    this.#runners.delete(uid)
    this.#written.delete(uid)
  }

  async #writeStatus(pod: Pod, runner: PodRunner): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    const status = runner.status(pod, new Date())
    const text = JSON.stringify(status)
    if (this.#written.get(uid!) === text) return
    const patch = { metadata: { uid }, status }
    try {
      this.#reflector.observe(await this.#client.mergePatch(PodKind, name, patch, { namespace, subresource: 'status' }))
      this.#written.set(uid!, text)
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error // gone: the watch says so
    }
  }
}

const isOlder = (a: Pod, b: Pod): boolean => {
  const [at, bt] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  return at === bt ? a.metadata.uid! < b.metadata.uid! : at < bt
}

/** Its processes ended for good, under this kubelet or an earlier one. */
const isFinished = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
