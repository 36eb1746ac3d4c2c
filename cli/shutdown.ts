/**
 * Stops all that runs for an installation, in an order in which nothing is left hanging: what is being deleted is done,
 * then the operator goes, which would make new workers, then the workers, each of which gives its sessions back. In the end
 * nobody is there who would take care of finalizers, so they go, and the statuses say that nothing runs.
 *
 * Resources and data stay. Each step may be repeated; a later installation finds everything as it was.
 */
import type { KubeClient, Selection } from '@berth/core/kube/client.ts'
import { isConflict, isNotFound } from '@berth/core/kube/error.ts'
import type { Deployment } from '@berth/core/model/builtin.ts'
import {
  DeploymentKind,
  type Kind,
  PodKind,
  SessionKind,
  TenantKind,
  TierKind,
  WorkerKind,
} from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { CliError } from './error.ts'
import { follow } from './follow.ts'
import { MANAGER } from './manager.ts'
import { atRest } from './rest.ts'

const OPERATOR = 'berth-operator'
const WORKERS = 'app.kubernetes.io/name=berth-worker'
/** A deletion ends by itself within a minute and a half, as long as an operator leads. */
const DELETIONS_MS = 100_000

type Tell = (line: string) => void

/** @param timeoutMs how long pods may take to stop. Throws KubeError; CliError when something does not stop in time. */
export async function shutDown(client: KubeClient, timeoutMs: number, tell: Tell): Promise<void> {
  const operator = await client.get(DeploymentKind, OPERATOR)
  if (operator?.status?.readyReplicas) await deletionsToEnd(client, tell)
  const limit = AbortSignal.timeout(timeoutMs)
  await stopOperator(client, operator, limit, tell)
  await stopWorkers(client, limit, tell)
  for (const kind of [SessionKind, TenantKind, TierKind] as Kind[]) await putToRest(client, kind, tell)
}

/** Logouts and erasures that somebody asked for; the operator and the workers do them. */
async function deletionsToEnd(client: KubeClient, tell: Tell): Promise<void> {
  const limit = AbortSignal.timeout(DELETIONS_MS)
  for (const kind of [SessionKind, TenantKind] as Kind[]) {
    const isLeaving = ({ metadata }: KubeObject) => metadata.deletionTimestamp !== undefined
    const left = await untilNone(client, kind, {}, limit, isLeaving)
    if (left.length > 0) tell(`still being deleted, and not waited for any longer: ${left.join(', ')}`)
  }
}

async function stopOperator(
  client: KubeClient,
  operator: Deployment | undefined,
  limit: AbortSignal,
  tell: Tell,
): Promise<void> {
  if (operator) await client.delete(DeploymentKind, OPERATOR, { propagation: 'Foreground' })
  // Once it is gone nothing makes pods of it any more.
  const deployments = await untilNone(client, DeploymentKind, { fieldSelector: `metadata.name=${OPERATOR}` }, limit)
  const pods = await untilNone(client, PodKind, { labelSelector: `app.kubernetes.io/name=${OPERATOR}` }, limit)
  if (deployments.length + pods.length > 0) {
    const advice = 'See why: kubectl describe pod. Then repeat this.'
    throw new CliError(`The operator does not stop: ${[...deployments, ...pods].join(', ')}. ${advice}`)
  }
  tell('the operator is stopped')
}

/** The pods first, as a worker that is asked to stop gives its sessions back; then what stands for them. */
async function stopWorkers(client: KubeClient, limit: AbortSignal, tell: Tell): Promise<void> {
  const { items: pods } = await client.list(PodKind, { labelSelector: WORKERS })
  await Promise.all(pods.map(({ metadata }) => client.delete(PodKind, metadata.name, { uid: metadata.uid })))
  const left = await untilNone(client, PodKind, { labelSelector: WORKERS }, limit)
  // A lost node never says that a pod of it has ended; should it live, the fence keeps it from writing once it is replaced.
  if (left.length > 0) tell(`not stopped in time, and left to their nodes: ${left.join(', ')}`)
  const { items: workers } = await client.list(WorkerKind)
  await Promise.all(
    workers.map(async (worker) => {
      await client.delete(WorkerKind, worker.metadata.name)
      await withoutFinalizers(client, WorkerKind, worker)
    }),
  )
  tell(`workers stopped: ${pods.length - left.length}`)
}

async function putToRest(client: KubeClient, kind: Kind, tell: Tell): Promise<void> {
  const { items } = await client.list(kind)
  await Promise.all(
    items.map(async (object) => {
      const { name, namespace, uid } = object.metadata
      for (const { manager, status } of atRest(kind, object, new Date())) {
        const options = { manager, force: true, subresource: 'status' } as const
        await ifThere(client.apply(kind, { metadata: { name, namespace, uid }, status } as KubeObject, options))
      }
      await withoutFinalizers(client, kind, object)
    }),
  )
  tell(`${kind.plural} that stay, and can be deleted: ${items.length}`)
}

/** Ours are called berth.dev/…; those of others stay. */
async function withoutFinalizers(client: KubeClient, kind: Kind, { metadata }: KubeObject): Promise<void> {
  const finalizers = metadata.finalizers?.filter((name) => !name.startsWith('berth.dev/'))
  if (finalizers?.length === metadata.finalizers?.length) return
  const patch = { metadata: { finalizers, uid: metadata.uid } }
  await ifThere(client.mergePatch(kind, metadata.name, patch, { manager: MANAGER }))
}

/** Gone meanwhile, or made anew: then there is nothing to do on it. */
async function ifThere(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isNotFound(error) && !isConflict(error)) throw error
  })
}

/** Waits until none of these is left; answers the names of those that are when the signal comes. */
async function untilNone(
  client: KubeClient,
  kind: Kind,
  selection: Selection,
  signal: AbortSignal,
  isMeant: (object: KubeObject) => boolean = () => true,
): Promise<string[]> {
  const { items } = await client.list(kind, selection)
  const left = new Set(items.filter(isMeant).map(({ metadata }) => metadata.name))
  if (left.size === 0) return []
  for await (const change of follow(client, kind, selection, signal)) {
    if (change.type === 'LISTED') left.clear()
    for (const object of change.type === 'LISTED' ? change.objects : [change.object]) {
      if (change.type !== 'DELETED' && isMeant(object)) left.add(object.metadata.name)
      else left.delete(object.metadata.name)
    }
    if (left.size === 0) break
  }
  return [...left]
}
