/** Waiting until the installation can do its work, as its Kubernetes API tells. */
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { LeaseKind, PodKind } from '@berth/core/model/kind.ts'
import { NAMESPACE, OPERATOR_LEASE } from './control-plane.ts'

const POLL_MS = 50
const WORKERS = 'app.kubernetes.io/name=berth-worker'

/** false: it did not become true in time. Throws the signal's reason when it is aborted. */
export async function until(
  condition: () => Promise<boolean>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    signal?.throwIfAborted()
    if (performance.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}

/** Somebody decides. */
export const operatorLeads = async (client: KubeClient): Promise<boolean> =>
  !!(await client.get(LeaseKind, OPERATOR_LEASE, NAMESPACE))?.spec?.holderIdentity

/** There is a worker to take a session. */
export const someWorkerIsReady = async (client: KubeClient): Promise<boolean> => (await workers(client)).some(isReady)

/** Those of the last run are all back. True when there were none. */
export const allWorkersAreReady = async (client: KubeClient): Promise<boolean> => (await workers(client)).every(isReady)

const workers = async (client: KubeClient): Promise<Pod[]> =>
  (await client.list(PodKind, { namespace: NAMESPACE, labelSelector: WORKERS })).items

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
